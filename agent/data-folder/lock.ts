/** One agent a data folder: two would share one identity and mix their spools. */
import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '#protocol/errors.ts';
import { readIfThere, removeFile, SetupError, unwritable } from './data-folder.ts';
import type { Log } from '../log.ts';

/**
 * Names a running process beyond its number, which is used again after a restart of the machine or the container:
 * the boot and the moment of its start. Empty where the system does not tell.
 */
export function processBirth(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may have blanks: count from its end. Field 22 is the start time.
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
    // EPERM: it lives and belongs to somebody else.
    return errorCode(error) === 'EPERM';
  }
}

/** Whether the process that wrote this lock still runs. */
function isHeld(content: string): boolean {
  const [first = '', birth = ''] = content.split('\n');
  const pid = Number(first);
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return false;
  return birth === '' || birth === processBirth(pid);
}

/** Makes a file that must not be there yet. */
type Create = (path: string, text: string) => void;
const create: Create = (path, text) => writeFileSync(path, text, { flag: 'wx', mode: 0o600 });

/**
 * Takes the folder's lock, over a dead agent's if need be; returns its release. A machine whose disk is full is
 * measured all the same, without a lock. @throws SetupError when it is held
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
  throw new SetupError(`the lock ${path} changes hands all the time: stop the other agents of this folder`);
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
    // Another agent was faster; the next round sees its lock.
    if (errorCode(error) !== 'ENOENT') throw unwritable(folder, error);
  }
}
