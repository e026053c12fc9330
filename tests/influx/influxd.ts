/**
 * A real influxd for tests, with a folder and a port of its own, set up with an organisation, a bucket and a
 * token.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Influxd {
  readonly url: string;
  readonly token: string;
  readonly org: string;
  readonly bucket: string;
  /** Ends it with SIGKILL, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and data. */
  restart(): Promise<void>;
  /** Ends it and deletes its data. */
  stop(): Promise<void>;
}

/**
 * The influxd to run: `INFLUXD_BIN`, else `influxd` on PATH if it is version 2; undefined where there is
 * none.
 * @throws where `INFLUXD_BIN` names a file that does not exist
 */
export function findInfluxd(): string | undefined {
  const named = process.env['INFLUXD_BIN'];
  if (named !== undefined && named !== '') {
    if (existsSync(named)) return named;
    throw new Error(`INFLUXD_BIN names ${named}, which does not exist`);
  }
  try {
    return execFileSync('influxd', ['version'], { encoding: 'utf8' }).includes('InfluxDB v2')
      ? 'influxd'
      : undefined;
  } catch {
    return undefined;
  }
}

export async function startInfluxd(binary: string): Promise<Influxd> {
  const dir = await mkdtemp(join(tmpdir(), 'influxd-'));
  const access = { token: 'token-of-the-tests', org: 'watchfloor', bucket: 'watchfloor' };
  let port = 0;
  let child: ChildProcess | undefined;

  async function run(): Promise<void> {
    const options = {
      'http-bind-address': `127.0.0.1:${port}`,
      'bolt-path': join(dir, 'bolt'),
      'engine-path': join(dir, 'engine'),
      'sqlite-path': join(dir, 'sqlite'),
    };
    const flags = Object.entries(options).flatMap(([flag, value]) => [`--${flag}`, value]);
    const started = spawn(binary, ['run', ...flags, '--reporting-disabled'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, HOME: dir },
    });
    child = started;
    port = await new Promise<number>((resolve, reject) => {
      const lines: string[] = [];
      started.on('error', reject);
      started.on('exit', () =>
        reject(new Error(`influxd ended while starting:\n${lines.slice(-5).join('\n')}`)),
      );
      createInterface({ input: started.stdout }).on('line', (line) => {
        lines.push(line);
        const listeningPort = /Listening.*"?port"?[=:]\s*(\d+)/.exec(line)?.[1];
        if (listeningPort !== undefined) resolve(Number(listeningPort));
      });
    });
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const exited = once(running, 'exit');
    running.kill(signal);
    await exited;
  }

  await run();
  const url = `http://127.0.0.1:${port}`;
  const setup = await fetch(`${url}/api/v2/setup`, {
    method: 'POST',
    body: JSON.stringify({ username: 'tests', password: 'tests-password', ...access }),
  });
  if (!setup.ok) throw new Error(`influxd refused its setup: ${await setup.text()}`);
  return {
    url,
    ...access,
    kill: () => end('SIGKILL'),
    restart: run,
    stop: async () => {
      await end('SIGTERM');
      await rm(dir, { recursive: true, force: true });
    },
  };
}
