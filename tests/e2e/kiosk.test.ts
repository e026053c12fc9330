/** Runs the recipe for a display computer, `deploy/kiosk/watchfloor-kiosk`, on a virtual screen. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { displayLinkCreated, displayLinksReply, type DisplayLink } from '#protocol/walls.ts';
import { ensureBrowser } from '../browser.ts';
import { eventually } from './eventually.ts';
import { startMadeUpWall } from './made-up-wall.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startProcess, type Running } from './process.ts';
import { startServer, temporaryFolder, type TestServer } from './product.ts';

const KIOSK = join(import.meta.dirname, '..', '..', 'deploy', 'kiosk', 'watchfloor-kiosk');
const present = ['Xvfb', 'xdpyinfo', 'xset', 'certutil'].every(
  (command) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0,
);

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** A process that ends while it is read is left out. */
function readProcess(pid: string): Process[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    return [
      {
        pid: Number(pid),
        parent,
        command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '),
      },
    ];
  } catch {
    return [];
  }
}

/** The processes that `root` started, directly or not. */
function below(root: number): Process[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap(readProcess);
  const found: Process[] = [];
  for (let parents = new Set([root]); parents.size > 0;) {
    const children = all.filter(({ parent }) => parents.has(parent));
    found.push(...children);
    parents = new Set(children.map(({ pid }) => pid));
  }
  return found;
}

describe.skipIf(!present)('the recipe for a display computer', () => {
  const opened = new Opened();
  let server: TestServer;
  let kiosk: Running;
  let secret: string;

  const link = async (): Promise<DisplayLink | undefined> =>
    (await server.admin.ask('GET', '/display-links')).as(displayLinksReply).display_links[0];
  /** Resolves once the wall is asked for by a page that was opened after `since`. */
  const isShown = (since: number) =>
    eventually(
      'the wall was on the screen',
      async () => {
        const { open = 0, last_seen: seen = null } = (await link()) ?? {};
        return open > 0 && seen !== null && seen > since;
      },
      60_000,
    );
  const browser = () =>
    below(kiosk.pid).find(({ command }) => / --kiosk /.test(command) && !/--type=/.test(command));
  /** Resolves once another browser shows the wall: the one before may still have asked after it was killed. */
  const isShownAfter = async (before: Process) => {
    const another = () => Promise.resolve(![undefined, before.pid].includes(browser()?.pid));
    await eventually('another browser was started', another, 60_000);
    await isShown(Date.now());
  };

  beforeAll(async () => {
    server = opened.keep(await startServer(), disposing);
    opened.keep(await startMadeUpWall(server, 4), closing);
    const folder = opened.keep(temporaryFolder(), (path) => rmSync(path, { recursive: true, force: true }));
    const shows = { kind: 'pages', pages: [{ kind: 'fleet', scope: {} }] };
    const made = await server.admin.ask('POST', '/display-links', { body: { name: 'Hall', shows } });
    const { path } = made.as(displayLinkCreated);
    secret = path.split('#')[1] ?? '';
    writeFileSync(join(folder, 'display-link'), `${server.url}${path}\n`, { mode: 0o600 });
    copyFileSync(server.authorityFile(), join(folder, 'authority.crt'));
    mkdirSync(join(folder, 'run'));

    const screen = opened.keep(
      await startProcess({
        file: 'Xvfb',
        args: ['-displayfd', '1', '-screen', '0', '1920x1080x24', '-nolisten', 'tcp'],
      }),
      (running) => running.stop(),
    );
    const [display = ''] = await screen.line(/^\d+$/m);
    kiosk = opened.keep(
      await startProcess({
        file: KIOSK,
        args: [],
        env: {
          ...{ DISPLAY: `:${display}`, KIOSK_DISPLAY: 'none', RUNTIME_DIRECTORY: join(folder, 'run') },
          ...{
            KIOSK_LINK_FILE: join(folder, 'display-link'),
            KIOSK_AUTHORITY: join(folder, 'authority.crt'),
          },
          ...{ KIOSK_CHROMIUM: ensureBrowser().path, KIOSK_FLAGS: '--no-sandbox --disable-gpu' },
        },
      }),
      (running) => running.stop(),
    );
  });
  afterAll(() => opened.close());

  it('[W1] it opens the wall, and the secret of the link is an argument of no process', async () => {
    await isShown(0);
    const commands = below(kiosk.pid).map(({ command }) => command);
    expect(commands.length).toBeGreaterThan(2);
    expect(commands.filter((command) => command.includes(secret))).toEqual([]);
  });

  it('[W2] the browser is killed, and the same wall is back by itself', async () => {
    const first = browser();
    if (!first) throw new Error(`there is no browser:\n${kiosk.output()}`);
    process.kill(first.pid, 'SIGKILL');
    await kiosk.line(/the browser ended/);
    await isShownAfter(first);
    expect(browser()?.pid).not.toBe(first.pid);
  });

  it('[W2] the page crashes, and the same wall is back by itself', async () => {
    const first = browser();
    if (!first) throw new Error(`there is no browser:\n${kiosk.output()}`);
    const pages = below(first.pid).filter(({ command }) => command.includes('--type=renderer'));
    expect(pages.length).toBeGreaterThan(0);
    for (const { pid } of pages) process.kill(pid, 'SIGKILL');
    await kiosk.line(/the page crashed/);
    await isShownAfter(first);
  });

  it('nothing of it is left after a stop', async () => {
    const { pid } = kiosk;
    const started = below(pid).map((one) => one.pid);
    await kiosk.stop();
    const left = () =>
      started.filter((one) => readProcess(String(one)).some(({ command }) => command !== ''));
    await eventually('the processes ended', () => Promise.resolve(left().length === 0));
  });
});
