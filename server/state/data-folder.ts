/** Opens the server's data folder: makes it, checks that it is writable, and locks it for one server. */
import { accessSync, constants, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '#protocol/errors.ts';

/** The reason why the server cannot start, in words for the person who starts it. */
export class StartError extends Error {}

/**
 * When a process started, in clock ticks since boot; '' where the system does not tell. With the process id
 * it identifies a process, as ids are reused.
 */
function startTicksOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return '';
  }
}

/** @param holder the content of a lock file: the process id and its start in ticks */
function isRunning(holder: string): boolean {
  const [pidText = '', startTicks = ''] = holder.split(' ');
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errorCode(error) !== 'EPERM') return false;
  }
  return startTicks === startTicksOf(pid);
}

/**
 * Makes the folder (0700) and takes its lock. Returns a function that releases the lock.
 * @throws StartError
 */
export function openDataFolder(dir: string): () => void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new StartError(
      `the data folder ${dir} cannot be used (${errorCode(cause)}): give this user the right to write there, or set WATCHFLOOR_DATA to another folder`,
      { cause },
    );
  }
  const path = join(dir, 'server.lock');
  const ownHolder = `${process.pid} ${startTicksOf(process.pid)}`;
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      writeFileSync(path, ownHolder, { flag: 'wx', mode: 0o600 });
      return () => rmSync(path, { force: true });
    } catch (cause) {
      if (errorCode(cause) !== 'EEXIST')
        throw new StartError(`the data folder ${dir} cannot be written (${errorCode(cause)})`, { cause });
      const holder = readFileSync(path, 'utf8');
      if (isRunning(holder))
        throw new StartError(
          `another server (process ${holder.split(' ', 1)[0]}) runs with the data folder ${dir}: stop it, or set WATCHFLOOR_DATA to another folder`,
        );
      rmSync(path, { force: true });
    }
  }
  throw new StartError(
    `the lock ${path} is taken again and again by other servers: stop the other servers of this folder`,
  );
}
