/** The server's data folder: made, writable, and one server's alone. */
import { accessSync, constants, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '#protocol/errors.ts';

/** What keeps the server from starting, in words for the person who starts it. */
export class StartError extends Error {}

/** When the process began, in clock ticks since boot: a process id alone is used again. Empty where the system does not tell. */
function birthOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return '';
  }
}

function isRunning(holder: string): boolean {
  const [pidText = '', birth = ''] = holder.split(' ');
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errorCode(error) !== 'EPERM') return false;
  }
  return birth === birthOf(pid);
}

/** Makes the folder (0700) and takes its lock. Returns the lock's release. @throws StartError */
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
  const mine = `${process.pid} ${birthOf(process.pid)}`;
  for (let tries = 0; tries < 3; tries++) {
    try {
      writeFileSync(path, mine, { flag: 'wx', mode: 0o600 });
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
  throw new StartError(`the lock ${path} changes hands all the time: stop the other servers of this folder`);
}
