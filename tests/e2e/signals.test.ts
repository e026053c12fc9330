import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { buildWebIfChanged } from '../../server/quickstart/web-build.ts';
import { eventually } from './eventually.ts';
import { startProcess } from './process.ts';
import { freePort, temporaryFolder } from './product.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** Those that end a program; a shell that waits for its command leaves SIGINT to it. */
const SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGKILL'] as const;

interface Process {
  readonly pid: number;
  readonly command: string;
}

/** The running processes that have this folder in their environment. */
function processesOf(folder: string): readonly Process[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      if (!readFileSync(`/proc/${name}/environ`, 'utf8').includes(folder)) return [];
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      return [{ pid: Number(name), command }];
    } catch {
      // The process has ended meanwhile, or belongs to another user.
      return [];
    }
  });
}

/** npm scripts of the product with data folders of their own. */
async function product(env: Readonly<Record<string, string>> = {}) {
  const folder = temporaryFolder();
  onTestFinished(() => {
    for (const { pid } of processesOf(folder)) process.kill(pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  const settings = {
    WATCHFLOOR_DATA: join(folder, 'server'),
    WATCHFLOOR_AGENT_DATA: join(folder, 'agent'),
    WATCHFLOOR_HOST: '127.0.0.1',
    WATCHFLOOR_PORT: String(await freePort()),
    WATCHFLOOR_LOG_LEVEL: 'info',
    ...env,
  };
  return {
    run: (script: string) =>
      startProcess({ file: 'npm', args: ['run', script], cwd: ROOT, env: settings, group: true }),
    /** Sends a signal to the one process whose command line begins like this. */
    send(signal: NodeJS.Signals, command: RegExp): void {
      const all = processesOf(folder);
      const found = all.filter((each) => command.test(each.command));
      if (found[0] === undefined || found.length > 1)
        throw new Error(`not one ${String(command)} in ${JSON.stringify(all)}`);
      process.kill(found[0].pid, signal);
    },
    /** Resolves when every process of this product has ended. */
    end: () => eventually('every process ended', async () => processesOf(folder).length === 0, 15_000),
  };
}

const NPM = /^npm /;
const SHELL = /^sh -c/;
const SERVER = /^node .*server\//;
const AGENT = /agent\/main\.ts$/;

beforeAll(() => buildWebIfChanged(() => undefined));

describe('npm start', () => {
  it.each([
    ['npm', NPM],
    ['the shell of npm', SHELL],
    ['the server', SERVER],
  ])('any signal to %s ends the server and its agent, and the next start works', async (_, target) => {
    const { run, send, end } = await product();
    for (const signal of SIGNALS) {
      const running = await run('start');
      await running.line(/the agent runs/);
      send(signal, target);
      await end();
    }
  });

  it('Ctrl-C, which reaches every process at once, stops all in order', async () => {
    const { run, end } = await product();
    const running = await run('start');
    await running.line(/joined the server/);
    running.signal('SIGINT');
    await end();
    expect(running.output()).toContain('"msg":"the agent stopped"');
    expect(running.output()).toContain('"msg":"stopped"');
  });

  it('a start right after npm was killed waits for the server that is stopping', async () => {
    const { run, send, end } = await product();
    const first = await run('start');
    await first.line(/the agent runs/);
    send('SIGKILL', NPM);

    const second = await run('start');
    await second.line(/the agent runs/);
    send('SIGTERM', NPM);
    await end();
  });

  it('the end of the agent alone is told, and the server keeps running', async () => {
    const { run, send, end } = await product();
    const running = await run('start');
    await running.line(/the agent runs/);
    send('SIGKILL', AGENT);
    await running.line(/the agent of this machine ended .* the server keeps running/);
    send('SIGTERM', NPM);
    await end();
  });
});

describe.each([
  ['server', /listening/],
  ['agent', /the agent runs/],
])('npm run %s', (script, started) => {
  it.each([
    ['npm', NPM],
    ['the shell of npm', SHELL],
  ])(`any signal to %s ends the ${script}`, async (_, target) => {
    const { run, send, end } = await product();
    for (const signal of SIGNALS) {
      const running = await run(script);
      await running.line(started);
      send(signal, target);
      await end();
    }
  });
});
