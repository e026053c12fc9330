/** What a container uses, from the files of its control group: of version 2, and of version 1. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { numberAfter } from './proc-text.ts';
import { textOf } from './system-files.ts';

/** What one group's files say; undefined for what they do not. */
export interface ContainerUse {
  /** Microseconds of processor time since it started. */
  readonly cpuUs: number | undefined;
  /** Periods in which it ran, and those in which its limit of processor time held it back. */
  readonly periods: number | undefined;
  readonly throttled: number | undefined;
  /** Bytes, without what the kernel can drop at once. */
  readonly memory: number | undefined;
  /** Bytes; undefined without a limit. */
  readonly limit: number | undefined;
  readonly pids: number | undefined;
  readonly readBytes: number | undefined;
  readonly writtenBytes: number | undefined;
  readonly oomKills: number | undefined;
}

/** The text of a file below the group's folder, by version: version 1 has a hierarchy for each controller. */
type Read = (controller: string, file: string) => string | undefined;

/** A limit from here on is none: version 1 writes the largest number there is. */
const NO_LIMIT = 2 ** 60;

function amount(text: string | undefined): number | undefined {
  const value = Number.parseInt(text ?? '', 10);
  return Number.isNaN(value) || value >= NO_LIMIT ? undefined : value;
}

/** Without the cache of files that were not used lately. */
function workingSet(used: number | undefined, inactive: number | undefined): number | undefined {
  return used === undefined ? undefined : Math.max(0, used - (inactive ?? 0));
}

/** The sum of the numbers behind a label, over all disks; undefined where the text has none. */
function sumOf(text: string | undefined, pattern: RegExp): number | undefined {
  if (text === undefined) return undefined;
  let sum: number | undefined;
  for (const [, number] of text.matchAll(pattern)) sum = (sum ?? 0) + Number(number);
  return sum;
}

export function useOfVersion2(read: Read): ContainerUse {
  const cpu = read('', 'cpu.stat') ?? '';
  const io = read('', 'io.stat');
  return {
    cpuUs: numberAfter(cpu, 'usage_usec '),
    periods: numberAfter(cpu, 'nr_periods '),
    throttled: numberAfter(cpu, 'nr_throttled '),
    memory: workingSet(
      amount(read('', 'memory.current')),
      numberAfter(read('', 'memory.stat') ?? '', 'inactive_file '),
    ),
    limit: amount(read('', 'memory.max')),
    pids: amount(read('', 'pids.current')),
    readBytes: sumOf(io, /rbytes=(\d+)/g),
    writtenBytes: sumOf(io, /wbytes=(\d+)/g),
    oomKills: numberAfter(read('', 'memory.events') ?? '', 'oom_kill '),
  };
}

export function useOfVersion1(read: Read): ContainerUse {
  const cpu = read('cpu', 'cpu.stat') ?? '';
  const io = read('blkio', 'blkio.throttle.io_service_bytes');
  const nanoseconds = amount(read('cpuacct', 'cpuacct.usage'));
  return {
    cpuUs: nanoseconds === undefined ? undefined : nanoseconds / 1000,
    periods: numberAfter(cpu, 'nr_periods '),
    throttled: numberAfter(cpu, 'nr_throttled '),
    memory: workingSet(
      amount(read('memory', 'memory.usage_in_bytes')),
      numberAfter(read('memory', 'memory.stat') ?? '', 'total_inactive_file '),
    ),
    limit: amount(read('memory', 'memory.limit_in_bytes')),
    pids: amount(read('pids', 'pids.current')),
    readBytes: sumOf(io, / Read (\d+)/g),
    writtenBytes: sumOf(io, / Write (\d+)/g),
    oomKills: numberAfter(read('memory', 'memory.oom_control') ?? '', 'oom_kill '),
  };
}

/** The control groups of this machine. */
export interface Groups {
  /** The folder in which containers are looked for; undefined without control groups. */
  readonly hierarchy: string | undefined;
  /** What the group at this path below the hierarchy uses. */
  useOf(path: string): ContainerUse;
}

/** `root`: /sys/fs/cgroup. */
export function openGroups(root: string): Groups {
  if (existsSync(join(root, 'cgroup.controllers')))
    return {
      hierarchy: root,
      useOf: (path) => useOfVersion2((_, file) => textOf(join(root, path, file))),
    };
  const hierarchy = ['memory', 'cpuacct', 'pids']
    .map((name) => join(root, name))
    .find((one) => existsSync(one));
  return {
    hierarchy,
    useOf: (path) => useOfVersion1((controller, file) => textOf(join(root, controller, path, file))),
  };
}
