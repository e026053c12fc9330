/** A Windows of its own under wine, for the commands beside this file. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SERVER = '/usr/lib/wine/wineserver64';

export interface WineMachine {
  /** Its drive C. */
  readonly drive: string;
  /** Runs a program of this Windows and prints what it says. Returns its exit status, null where it did not end. */
  run(line: readonly string[], more?: Readonly<Record<string, string>>): Promise<number | null>;
  /** The same. Rejects where it ends with another status than 0. */
  must(line: readonly string[], more?: Readonly<Record<string, string>>): Promise<void>;
  stop(): void;
}

export async function startWine(): Promise<WineMachine> {
  const folder = mkdtempSync(join(tmpdir(), 'watchfloor-wine-'));
  const env = { ...process.env, WINEPREFIX: join(folder, 'prefix'), WINEDEBUG: '-all' };
  const output = join(folder, 'output');
  const run: WineMachine['run'] = async (line, more = {}) => {
    // Its output goes to a file: wine closes pipes. Connections of this process live on meanwhile.
    const program = spawn('sh', ['-c', 'wine "$@" >"$0" 2>&1', output, ...line], {
      env: { ...env, ...more },
      timeout: 120_000,
      stdio: 'ignore',
    });
    await once(program, 'exit');
    const status = program.exitCode;
    console.log(`> ${line.join(' ')}\n${readFileSync(output, 'utf8').trim()}\n[${status}]\n`);
    return status;
  };
  const must: WineMachine['must'] = async (line, more) => {
    const status = await run(line, more);
    if (status !== 0) throw new Error(`${line.join(' ')} ended with ${status}`);
  };
  const stop = () => {
    spawnSync(SERVER, ['-k'], { env });
    rmSync(folder, { recursive: true, force: true });
  };
  mkdirSync(env.WINEPREFIX);
  // Before the first program: it keeps this Windows running between the programs, and its services with it.
  spawnSync(SERVER, ['-p'], { env, stdio: 'ignore' });
  try {
    await must(['winecfg', '-v', 'win10']);
  } catch (error) {
    stop();
    throw error;
  }
  return { drive: join(folder, 'prefix', 'drive_c'), run, must, stop };
}
