/** The lock of a data folder: two agents in one folder would use one identity and mix their spools. */
import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '#protocol/errors.ts';
import { readIfThere, removeFile, SetupError, unwritable } from './data-folder.ts';
import type { Log } from '../log.ts';

/**
 * Identifies a running process by the boot and the time of its start, because its id is used again after a restart of
 * the machine or the container. Empty when the system does not tell.
 */
export function processBirth(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Field 2 is the name, in parentheses, and may have blanks: count from its end. Field 22 is the start time.
    return `${boot} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`;
  } catch {
    // No /proc, or no such process.
    return '';
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, and belongs to another user.
    return errorCode(error) === 'EPERM';
  }
}

/** Whether the process that wrote a lock file with this content still runs. */
function isHeld(content: string): boolean {
  const [first = '', birth = ''] = content.split('\n');
  const pid = Number(first);
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return false;
  return birth === '' || birth === processBirth(pid);
}

/** Writes a new file. @throws EEXIST when there is one */
type Create = (path: string, text: string) => void;
const create: Create = (path, text) => writeFileSync(path, text, { flag: 'wx', mode: 0o600 });

/**
 * Takes the folder's lock and returns its release. A lock whose process ended is replaced. On a full disk the agent
 * runs without a lock, so that this machine is still measured. @throws SetupError when another agent holds the lock
 */
export function lockFolder(folder: string, log: Log, write: Create = create): () => void {
  const path = join(folder, 'lock');
  const mine = `${process.pid}\n${processBirth(process.pid)}\n`;
  for (let tries = 0; tries < 3; tries++) {
    try {
      write(path, mine);
      return () => {
        if (readIfThere(path) === mine) unlinkSync(path);
      };
    } catch (error) {
      if (errorCode(error) === 'ENOSPC') {
        removeFile(path);
        log.warn({ folder }, 'the disk is full: the agent runs without a lock on its data folder');
        return () => undefined;
      }
      if (errorCode(error) !== 'EEXIST') throw unwritable(folder, error);
      takeOver(path, folder);
    }
  }
  throw new SetupError(`other agents keep taking the lock ${path}: stop the other agents of this folder`);
}

function takeOver(path: string, folder: string): void {
  const content = readIfThere(path);
  if (content === undefined) return;
  if (isHeld(content))
    throw new SetupError(
      `an agent (process ${content.split('\n', 1)[0]}) already runs with the data folder ${folder}: ` +
        'stop it, or set WATCHFLOOR_AGENT_DATA to another folder for this one',
    );
  try {
    unlinkSync(path);
  } catch (error) {
    // Another agent removed it first; the next try sees that agent's lock.
    if (errorCode(error) !== 'ENOENT') throw unwritable(folder, error);
  }
}
