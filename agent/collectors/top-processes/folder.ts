/** Reads /proc/<pid>. Files that are gone or hidden are nothing unusual: processes end while they are read. */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { errorCode } from '#protocol/errors.ts';
import { nameIn, parseStat, type ProcessStat } from './stat.ts';

/** The folder /proc, as the watch over processes reads it. */
export interface ProcessFolder {
  /** The pids of all processes that can be seen. */
  pids(): readonly number[];
  stat(pid: number): ProcessStat | undefined;
  /** The name of the process that `stat` was called for last. */
  nameOfLast(): string;
  /** A text of a process, such as `cgroup`; undefined where it cannot be read, `denied` where the agent may not. */
  text(pid: number, file: string): string | undefined | Denied;
}

export const denied = Symbol('denied');
export type Denied = typeof denied;

/** A line of stat has some 350 bytes; 64 of them may be the name's. */
const STAT_BYTES = 2048;

export function openProcessFolder(path = '/proc'): ProcessFolder {
  const buffer = Buffer.allocUnsafe(STAT_BYTES);
  let length = 0;
  return {
    pids() {
      const pids: number[] = [];
      for (const name of readdirSync(path)) {
        const first = name.charCodeAt(0);
        if (first > 0x30 && first <= 0x39) pids.push(Number(name));
      }
      return pids;
    },
    stat(pid) {
      length = 0;
      let fd: number;
      try {
        fd = openSync(`${path}/${pid}/stat`, 'r');
      } catch {
        // It has ended, or is hidden.
        return undefined;
      }
      try {
        length = readSync(fd, buffer, 0, STAT_BYTES, 0);
      } catch {
        // It ended between the two calls.
        return undefined;
      } finally {
        closeSync(fd);
      }
      return parseStat(buffer, length);
    },
    nameOfLast: () => nameIn(buffer, length),
    text(pid, file) {
      try {
        return readFileSync(`${path}/${pid}/${file}`, 'utf8');
      } catch (error) {
        return errorCode(error) === 'EACCES' || errorCode(error) === 'EPERM' ? denied : undefined;
      }
    },
  };
}
