/** A made-up /proc: processes that a test starts, lets use the processor, and ends. */
import type { ProcessFolder } from '../../../../agent/collectors/top-processes/folder.ts';
import { denied } from '../../../../agent/collectors/top-processes/folder.ts';
import { nameIn, parseStat } from '../../../../agent/collectors/top-processes/stat.ts';

export interface MadeUp {
  name: string;
  parent: number;
  /** Hundredths of a second. */
  ticks: number;
  endedTicks: number;
  started: number;
  pages: number;
  isKernel?: boolean;
  /** Its files; null where the agent may not read them. */
  files: Record<string, string | null>;
  /** Listed, but it ends before it can be read. */
  isGone?: boolean;
}

const PROGRAM: MadeUp = {
  name: 'idle',
  parent: 1,
  ticks: 0,
  endedTicks: 0,
  started: 100,
  pages: 10,
  files: { io: null },
};

/** A line of /proc/<pid>/stat as Linux 6 writes it. */
export function statLine(pid: number, { name, parent, ticks, endedTicks, started, pages, isKernel }: MadeUp) {
  const flags = isKernel ? 2129984 : 4194304;
  return `${pid} (${name}) S ${parent} ${pid} ${pid} 0 -1 ${flags} 98 0 0 0 ${ticks} 0 ${endedTicks} 0 20 0 1 0 ${started} 3133440 ${pages} 18446744073709551615 94841148887040 94841148906921 140726895482560 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n`;
}

export function madeUpFolder() {
  const processes = new Map<number, MadeUp>([[1, { ...PROGRAM, name: 'systemd', parent: 0 }]]);
  let last = Buffer.alloc(0);
  let reads = 0;
  let listings = 0;
  const folder: ProcessFolder = {
    pids() {
      listings++;
      return [...processes.keys()];
    },
    stat(pid) {
      reads++;
      const process = processes.get(pid);
      if (process === undefined || process.isGone) return undefined;
      last = Buffer.from(statLine(pid, process));
      return parseStat(last, last.length);
    },
    nameOfLast: () => nameIn(last, last.length),
    text(pid, file) {
      const text = processes.get(pid)?.files[file];
      return text === null ? denied : text;
    },
  };
  return {
    folder,
    /** How often a stat was read since the last call. */
    takeReads() {
      const count = reads;
      reads = 0;
      return count;
    },
    /** How often the processes were listed since the last call. */
    takeListings() {
      const count = listings;
      listings = 0;
      return count;
    },
    start(pid: number, parts: Partial<MadeUp>): MadeUp {
      const process = { ...PROGRAM, ...parts };
      processes.set(pid, process);
      return process;
    },
    end: (pid: number) => processes.delete(pid),
  };
}
