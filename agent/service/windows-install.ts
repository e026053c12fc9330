/** The agent's service on Windows: made, and taken away again. */
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { SetupError } from '../data-folder/data-folder.ts';
import { unpackNativePart } from './native-library.ts';
import { runProgram, type RunProgram } from './manager.ts';
import { SERVICE, type Places } from './places.ts';

/** Its own rights are those of the least account that Windows has for services. */
const ACCOUNT = 'NT AUTHORITY\\LocalService';
/** Well-known identities: the system, administrators, and that account. */
const [SYSTEM, ADMINISTRATORS, LOCAL_SERVICE] = ['*S-1-5-18', '*S-1-5-32-544', '*S-1-5-19'];
/** Answers of `sc`: it does not run; it runs already. */
const CODE = { stopped: 1062, running: 1056 } as const;
/** How often the manager is asked whether the service has stopped, and for how long, in milliseconds. */
const LOOK_MS = 250;
const PATIENCE = 30_000;

export interface WindowsParts {
  readonly run?: RunProgram;
  readonly pause?: (ms: number) => Promise<unknown>;
}

/** Runs a program of Windows. @throws SetupError with what it said when it ends with another status than 0 or `allowed` */
async function must(
  run: RunProgram,
  file: string,
  args: readonly string[],
  ...allowed: number[]
): Promise<void> {
  const { status, stdout, stderr } = await run(file, args);
  if (status === 0 || (status !== undefined && allowed.includes(status))) return;
  const said = (stderr.trim() || stdout.trim()).replace(/\s+/g, ' ');
  throw new SetupError(
    `${file} ${args[0] ?? ''} failed${status === undefined ? '' : ` with ${status}`}: ${said}`,
  );
}

/** What `sc` says of the service; undefined where there is none. */
async function queryService(run: RunProgram): Promise<string | undefined> {
  const { status, stdout } = await run('sc.exe', ['query', SERVICE]);
  return status === 0 ? stdout : undefined;
}

const isStopped = (said: string) => /STATE\s*:\s*1\b/.test(said);

/** Stops the service, and waits until its process has let go of its files. Returns whether there is one. */
async function stopService({ run = runProgram, pause = wait }: WindowsParts): Promise<boolean> {
  const before = await queryService(run);
  if (before === undefined || isStopped(before)) return before !== undefined;
  await must(run, 'sc.exe', ['stop', SERVICE], CODE.stopped);
  for (let waited = 0; waited < PATIENCE; waited += LOOK_MS) {
    const said = await queryService(run);
    if (said === undefined || isStopped(said)) return true;
    await pause(LOOK_MS);
  }
  throw new SetupError(
    `the service ${SERVICE} does not stop: end it in the list of services, then try again`,
  );
}

/**
 * Makes the folder of settings and data, which nobody but the service, administrators and the system may read or write:
 * before anything is in it, as what is written there takes over its rights.
 */
export async function makePrivateFolder(places: Places, run: RunProgram): Promise<void> {
  const folder = dirname(places.settings);
  mkdirSync(folder, { recursive: true });
  const rights = [`${SYSTEM}:(OI)(CI)F`, `${ADMINISTRATORS}:(OI)(CI)F`, `${LOCAL_SERVICE}:(OI)(CI)M`];
  await must(run, 'icacls.exe', [folder, '/inheritance:r', '/grant:r', ...rights]);
}

/**
 * Copies the running program to its place, and makes the service and starts it. Settings and data stay as they are.
 * @throws SetupError that says which step failed
 */
export async function installService(places: Places, parts: WindowsParts = {}): Promise<void> {
  const { run = runProgram } = parts;
  const isThere = await stopService(parts);
  mkdirSync(dirname(places.program), { recursive: true });
  if (process.execPath.toLowerCase() !== places.program.toLowerCase())
    copyFileSync(process.execPath, places.program);
  // The service's own account may not write there.
  unpackNativePart(dirname(places.program));
  mkdirSync(places.data, { recursive: true });

  const line = `"${places.program}" service "${dirname(places.settings)}"`;
  const settings = ['binPath=', line, 'start=', 'auto', 'obj=', ACCOUNT];
  const name = ['DisplayName=', 'Watchfloor agent'];
  await must(run, 'sc.exe', [isThere ? 'config' : 'create', SERVICE, ...settings, ...name]);
  const text = 'Measures this machine every second for a Watchfloor server.';
  await must(run, 'sc.exe', ['description', SERVICE, text]);
  // Whatever ended it, it is there again after five seconds; from the third time on, after a minute.
  const actions = 'restart/5000/restart/5000/restart/60000';
  await must(run, 'sc.exe', ['failure', SERVICE, 'reset=', '86400', 'actions=', actions]);
  // An end that it reported itself counts as a failure, too. Not every Windows knows of it.
  await run('sc.exe', ['failureflag', SERVICE, '1']);
  await must(run, 'sc.exe', ['start', SERVICE], CODE.running);
}

/** Stops the service and takes it out of Windows' list. @throws SetupError that says which step failed */
export async function removeService(parts: WindowsParts = {}): Promise<void> {
  if (await stopService(parts)) await must(parts.run ?? runProgram, 'sc.exe', ['delete', SERVICE]);
}

/**
 * Removes the program's folder. Windows keeps the file of a program that runs, so this is left to a shell that outlives
 * this process by some seconds.
 */
export function removeProgram({ program }: Places): void {
  const folder = dirname(program);
  const line = `ping -n 5 127.0.0.1 >nul & rmdir /s /q "${folder}"`;
  const shell = spawn('cmd.exe', ['/d', '/s', '/c', `"${line}"`], {
    detached: true,
    stdio: 'ignore',
    windowsHide: true,
    windowsVerbatimArguments: true,
    // A shell does not remove the folder that it is in.
    cwd: dirname(folder),
  });
  shell.unref();
}
