/**
 * Takes pictures of everything that the web app shows, which must be built:
 * `node tests/e2e/screenshots.ts <folder> [pages|fleet|names|walls|dialogs [word …]]`. With words, it takes those whose
 * name has each of them: `pages board phone`, `walls 2000 4k`.
 */
import { mkdirSync } from 'node:fs';
import { launchBrowser } from '../browser.ts';
import { takeDialogPictures } from './dialog-pictures.ts';
import { takeFleetPictures } from './fleet-pictures.ts';
import { takeNamePictures } from './name-pictures.ts';
import { takePagePictures } from './page-pictures.ts';
import { picturesIn } from './pictures.ts';
import { takeWallPictures } from './wall-pictures.ts';

const KINDS = Object.entries({
  pages: takePagePictures,
  fleet: takeFleetPictures,
  names: takeNamePictures,
  walls: takeWallPictures,
  dialogs: takeDialogPictures,
});

const [folder, kind, ...words] = process.argv.slice(2);
const wanted = KINDS.filter(([name]) => kind === undefined || kind === name);
if (folder === undefined || wanted.length === 0) {
  console.error(
    'Say where to, and of what: screenshots.ts <folder> [pages|fleet|names|walls|dialogs [word …]]',
  );
  process.exit(2);
}
mkdirSync(folder, { recursive: true });

const browser = await launchBrowser();
try {
  for (const [, take] of wanted) await take(browser, picturesIn(folder, words));
} finally {
  await browser.close();
}
console.log(`Written to ${folder}`);
