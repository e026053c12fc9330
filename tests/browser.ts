/** The Chromium that the end-to-end tests drive: found on the machine, else installed. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type BrowserContext } from 'playwright';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];
const USUAL = [
  ...NAMES.map((name) => `/usr/bin/${name}`),
  '/snap/bin/chromium',
  '/opt/google/chrome/chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface FoundBrowser {
  readonly path: string;
  /** For the reader of a test run: where it is from. */
  readonly how: string;
}

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function onPath(): string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
}

/** A Chromium that is already here; installs nothing. */
export function findBrowser(): FoundBrowser | undefined {
  const asked = process.env['WATCHFLOOR_CHROMIUM'];
  if (asked !== undefined && asked !== '') {
    if (!runs(asked)) throw new Error(`WATCHFLOOR_CHROMIUM names ${asked}, which is not an executable file.`);
    return { path: asked, how: 'named by WATCHFLOOR_CHROMIUM' };
  }
  const usual = [...USUAL, ...onPath()].find(runs);
  if (usual !== undefined) return { path: usual, how: 'found on this machine' };
  const own = chromium.executablePath();
  return runs(own) ? { path: own, how: "Playwright's, downloaded earlier" } : undefined;
}

function run(command: string, args: readonly string[]): boolean {
  console.log(`$ ${command} ${args.join(' ')}`);
  return spawnSync(command, args, { stdio: 'inherit' }).status === 0;
}

function installFromDebian(): boolean {
  if (process.getuid?.() !== 0 || !runs('/usr/bin/apt-get')) return false;
  process.env['DEBIAN_FRONTEND'] = 'noninteractive';
  return (
    run('apt-get', ['-q', 'update']) &&
    run('apt-get', ['-q', 'install', '-y', '--no-install-recommends', 'chromium'])
  );
}

function installFromPlaywright(): boolean {
  const cli = join(import.meta.dirname, '..', 'node_modules', 'playwright', 'cli.js');
  return run(process.execPath, [cli, 'install', 'chromium']);
}

/**
 * A Chromium: the one that is here, else Debian's package (as root), else Playwright's own download.
 * Throws an error that says what to do when there is none.
 */
export function ensureBrowser(): FoundBrowser {
  const found = findBrowser();
  if (found !== undefined) return found;
  console.log('No Chromium on this machine; installing one.');
  for (const [install, how] of [
    [installFromDebian, "Debian's package, installed now"],
    [installFromPlaywright, "Playwright's, downloaded now"],
  ] as const) {
    const installed = install() ? findBrowser() : undefined;
    if (installed !== undefined) return { path: installed.path, how };
  }
  throw new Error(
    'No Chromium to test with. Install one, or set WATCHFLOOR_CHROMIUM to the path of its executable.',
  );
}

/** A real Chromium, headless. The caller closes it. */
export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: ensureBrowser().path, args: FLAGS });
}

/**
 * A real Chromium, headless, for another program that tells it what to do: that finds its port in the file
 * `DevToolsActivePort` of `profile`, the folder of the browser's data. The caller closes it.
 */
export async function launchSharedBrowser(profile: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, {
    executablePath: ensureBrowser().path,
    // What is only a flag here holds for the other program's pages, too.
    args: [...FLAGS, '--remote-debugging-port=0', '--ignore-certificate-errors'],
    ignoreHTTPSErrors: true,
  });
}
