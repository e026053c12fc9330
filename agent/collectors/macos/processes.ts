/**
 * The processes of macOS. Of other users' processes an agent that is not root knows name and user only: the report says
 * that they are hidden.
 */
import { availableParallelism, cpus, userInfo } from 'node:os';
import { untilNul, wide } from '../bytes.ts';
import { coreTimes } from '../portable.ts';
import { watchUsers } from '../top-processes/facts.ts';
import { denied } from '../top-processes/folder.ts';
import { createListedTable, type ListedProcess } from '../top-processes/listed-table.ts';
import type { ProcessSource } from '../top-processes/source.ts';
import { TICKS } from '../top-processes/table.ts';
import { openProcessCalls, type ProcessCalls } from './process-calls.ts';

/** Places in `proc_taskallinfo`, `proc_bsdshortinfo` and `rusage_info_v2`. */
const ALL = {
  ...{ pid: 12, parent: 16, user: 20, seconds: 120, micros: 128 },
  ...{ resident: 136 + 8, userTime: 136 + 16, systemTime: 136 + 24 },
  comm: [48, 16],
  name: [64, 32],
} as const;
const SHORT = { pid: 0, parent: 4, comm: [16, 16], user: 36 } as const;
const USAGE = { read: 144, written: 152 } as const;
const NS_PER_TICK = 1e9 / TICKS;
const MS_PER_TICK = 1000 / TICKS;

const nameAt = (bytes: Buffer, [place, length]: readonly [number, number]) =>
  untilNul(bytes.toString('utf8', place, place + length));

/** A process, and the id of its user. */
export interface MacProcess extends ListedProcess {
  readonly user: number;
  /** Whether what it uses is known. */
  readonly isKnown: boolean;
}

/** `proc_taskallinfo` and `rusage_info_v2` → a process. `unit`: nanoseconds in a unit of their times. */
export function parseProcess(all: Buffer, usage: Buffer | undefined, unit: number): MacProcess {
  const time = wide(all, ALL.userTime) + wide(all, ALL.systemTime);
  return {
    ...{ pid: all.readUInt32LE(ALL.pid), parent: all.readUInt32LE(ALL.parent) },
    ...{ user: all.readUInt32LE(ALL.user), isKnown: true },
    name: nameAt(all, ALL.name) || nameAt(all, ALL.comm),
    ticks: (time * unit) / NS_PER_TICK,
    started: wide(all, ALL.seconds) * TICKS + Math.floor((wide(all, ALL.micros) * TICKS) / 1e6),
    residentBytes: wide(all, ALL.resident),
    read: usage === undefined ? 0 : wide(usage, USAGE.read),
    written: usage === undefined ? 0 : wide(usage, USAGE.written),
  };
}

/** `proc_bsdshortinfo` → a process of which nothing else is known. */
export function parseShort(short: Buffer): MacProcess {
  return {
    ...{ pid: short.readUInt32LE(SHORT.pid), parent: short.readUInt32LE(SHORT.parent) },
    ...{ user: short.readUInt32LE(SHORT.user), isKnown: false, name: nameAt(short, SHORT.comm) },
    ...{ ticks: 0, started: 0, residentBytes: 0, read: 0, written: 0 },
  };
}

interface MacParts {
  readonly calls: ProcessCalls;
  readonly cores: number;
  readonly userName: (id: number) => string;
}

export function macProcesses({ calls, cores, userName }: MacParts): ProcessSource {
  let listed = new Map<number, MacProcess>();
  const read = (pid: number): MacProcess | undefined => {
    const all = calls.all(pid);
    if (all !== undefined) return parseProcess(all, calls.usage(pid), calls.unit);
    const short = calls.short(pid);
    return short === undefined ? undefined : parseShort(short);
  };
  const list = () => {
    const pids = calls.pids();
    const found: MacProcess[] = [];
    for (let at = 0; at + 4 <= pids.length; at += 4) {
      const pid = pids.readUInt32LE(at);
      const process = pid === 0 ? undefined : read(pid);
      if (process !== undefined) found.push(process);
    }
    listed = new Map(found.map((one) => [one.pid, one]));
    return found;
  };
  const factsOf: ProcessSource['factsOf'] = ({ pid, name }) => {
    const user = listed.get(pid)?.user;
    return { name, user: user === undefined ? null : userName(user), container: null };
  };
  return {
    table: (onBusy) => createListedTable({ list, cores, onBusy }),
    ticks() {
      const times = coreTimes(cpus()).get('cpu');
      if (times === undefined) return undefined;
      const busy = (times.user + times.system) / MS_PER_TICK;
      return { processes: busy, busy, total: busy + times.idle / MS_PER_TICK };
    },
    diskCounters(pid) {
      const process = listed.get(pid);
      return process?.isKnown === false ? denied : process;
    },
    factsOf,
    knownFacts: factsOf,
    seesAll: () => [...listed.values()].every(({ isKnown }) => isKnown),
    // The list counts memory in bytes, and times from 1970 on.
    pageBytes: 1,
    bootedAt: () => 0,
  };
}

/** @throws an error where the system's libraries cannot be called */
export async function openMacProcesses(): Promise<ProcessSource> {
  // People are not in /etc/passwd there; who the agent itself is, Node knows.
  const [itself, others] = [userInfo(), watchUsers()];
  const userName = (id: number) => (id === itself.uid ? itself.username : others(id));
  return macProcesses({ calls: await openProcessCalls(), cores: availableParallelism(), userName });
}
