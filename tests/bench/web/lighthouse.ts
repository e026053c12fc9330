/**
 * Lighthouse's scores, as for a desktop, of the login page, the fleet of eight machines that push every second, a machine
 * and a board with every kind of tile. npx fetches Lighthouse: it brings a hundred packages, which only this needs.
 */
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { devicesReply } from '#protocol/api.ts';
import { launchSharedBrowser } from '../../browser.ts';
import { eventually } from '../../e2e/eventually.ts';
import { boardsOf, everyKind } from '../../e2e/made-up-board.ts';
import { startMadeUpFleet } from '../../e2e/made-up-fleet.ts';
import { PASSWORD, startServer, temporaryFolder } from '../../e2e/product.ts';
import { fleetRow, signedIn, signIn } from '../../e2e/ui.ts';
import { median, type Row } from '../row.ts';

const LIGHTHOUSE = 'lighthouse@13.5.0';
const CATEGORIES = ['performance', 'accessibility', 'best-practices'] as const;
const ROUNDS = 3;
const LEAST = 95;

const score = z.object({ score: z.number().nullable() });
const report = z.object({
  categories: z.object({ performance: score, accessibility: score, 'best-practices': score }),
});
type Scores = Readonly<Record<(typeof CATEGORIES)[number], number>>;

/** The scores of one page, 0 to 100, in the browser that can be told what to do at `port`. */
async function scoresOf(url: string, port: number): Promise<Scores> {
  const { stdout } = await promisify(execFile)(
    'npx',
    [
      ...['--yes', LIGHTHOUSE, url, `--port=${port}`, '--preset=desktop', '--output=json', '--quiet'],
      // Else it would throw away the session, too.
      ...['--disable-storage-reset', `--only-categories=${CATEGORIES.join(',')}`],
    ],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  const { categories } = report.parse(JSON.parse(stdout));
  const percent = (key: (typeof CATEGORIES)[number]) => Math.round((categories[key].score ?? 0) * 100);
  return {
    performance: percent('performance'),
    accessibility: percent('accessibility'),
    'best-practices': percent('best-practices'),
  };
}

export async function benchLighthouse(): Promise<Row[]> {
  const server = await startServer();
  const fleet = await startMadeUpFleet(server);
  const profile = temporaryFolder();
  const browser = await launchSharedBrowser(profile);
  try {
    const port = await eventually('the browser told its port', async () => {
      return Number((await readFile(join(profile, 'DevToolsActivePort'), 'utf8')).split('\n')[0]);
    });
    const { devices } = (await server.admin.ask('GET', '/devices')).as(devicesReply);
    const device = devices[0]?.device_id ?? '';
    const board = await boardsOf(server).make('Everything', await everyKind(server, device));
    const page = browser.pages()[0] ?? (await browser.newPage());
    const rows: Row[] = [];
    const measure = async (what: string, path: string) => {
      const rounds: Scores[] = [];
      for (let i = 0; i < ROUNDS; i++) rounds.push(await scoresOf(`${server.url}${path}`, port));
      for (const category of CATEGORIES)
        rows.push({
          what: `web: Lighthouse, ${what}: ${category}`,
          value: median(rounds.map((scores) => scores[category])),
          unit: 'of 100',
          least: LEAST,
        });
    };
    await measure('login', '/ui/');
    await page.goto(`${server.url}/ui/`);
    await signIn(page, 'admin', PASSWORD);
    await signedIn(page);
    await fleetRow(page, 'web-1').waitFor();
    await page.goto('about:blank');
    await measure('fleet', '/ui/');
    await measure('machine', `/ui/devices/${device}`);
    await measure('board', `/ui/boards/${board.id}`);
    return rows;
  } finally {
    await browser.close();
    fleet.close();
    await server.dispose();
    rmSync(profile, { recursive: true, force: true });
  }
}
