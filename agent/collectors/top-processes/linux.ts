/** The processes of Linux: /proc, and nothing else. What that costs is bounded by `table.ts`. */
import { availableParallelism } from 'node:os';
import type { Context } from '../collector.ts';
import { parseCpuTimes } from '../cpu.ts';
import { pageSize } from '../page-size.ts';
import { countersIn } from './disk-use.ts';
import { readFacts, watchUsers, type Facts } from './facts.ts';
import { openProcessFolder, type ProcessFolder } from './folder.ts';
import type { ProcessSource, Ticks } from './source.ts';
import { createProcessTable, type Process } from './table.ts';

function readTicks(read: Context['read']): Ticks | undefined {
  const text = read('/proc/stat') ?? '';
  const line = text.slice(0, text.indexOf('\n'));
  const times = parseCpuTimes(line).get('cpu');
  if (times === undefined) return undefined;
  const { user, system, idle, iowait, steal } = times;
  const busy = user + system + steal;
  return { processes: user + system, busy, total: busy + idle + iowait };
}

interface LinuxParts extends Pick<Context, 'read'> {
  readonly folder?: ProcessFolder;
  readonly userName?: (id: number) => string;
  readonly cores?: number;
  readonly pageBytes?: number;
  /** When the machine booted, epoch milliseconds. */
  readonly bootedAt: () => number;
  /** Whether the arguments of processes are sent too. */
  readonly withArguments: boolean;
}

export function linuxProcesses(parts: LinuxParts): ProcessSource {
  const { read, bootedAt, withArguments, cores = availableParallelism(), pageBytes = pageSize() } = parts;
  const { folder = openProcessFolder(), userName = watchUsers() } = parts;
  /** What was read of a process, under the name that it had then. */
  const known = new WeakMap<Process, Facts & { readonly kernelName: string }>();
  return {
    table: (onBusy) =>
      createProcessTable({ folder, busyTicks: () => readTicks(read)?.processes, cores, onBusy }),
    ticks: () => readTicks(read),
    diskCounters: countersIn(folder),
    factsOf(process) {
      const { pid, name } = process;
      const before = known.get(process);
      if (before?.kernelName === name) return before;
      const facts = { ...readFacts(pid, name, { folder, userName, withArguments }), kernelName: name };
      known.set(process, facts);
      return facts;
    },
    knownFacts: (process) => known.get(process),
    // Who may see only their own processes does not see the first.
    seesAll: ({ living }) => living.has(1),
    pageBytes,
    bootedAt,
  };
}
