/** Memory and swap from /proc/meminfo, and what ZFS keeps as its cache. */
import { readlinkSync } from 'node:fs';
import { hundredth, percent } from './rates.ts';
import type { Collector, Context, Fields } from './collector.ts';

/** /proc/meminfo → bytes by the kernel's name (`MemTotal`). */
export function parseMeminfo(text: string): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const [, name = '', amount, unit] of text.matchAll(/^([^:\s]+):\s+(\d+)( kB)?$/gm))
    bytes.set(name, Number(amount) * (unit === undefined ? 1 : 1024));
  return bytes;
}

/**
 * /proc/spl/kstat/zfs/arcstats → the bytes of ZFS's cache that it gives back when programs need memory. The kernel counts
 * them as used.
 */
export function parseFreeableArc(text: string): number {
  const of = (name: string) => Number(new RegExp(`^${name} +\\d+ +(\\d+)$`, 'm').exec(text)?.[1] ?? NaN);
  const freeable = of('size') - of('c_min');
  return freeable > 0 ? freeable : 0;
}

/** `freeableArc`: the bytes of ZFS's cache that can be freed. */
export function memoryFields(bytes: ReadonlyMap<string, number>, freeableArc = 0): Fields | 'absent' {
  const total = bytes.get('MemTotal');
  if (total === undefined || total === 0) return 'absent';
  const of = (name: string) => bytes.get(name) ?? 0;
  const cached = of('Cached') + of('Buffers') + of('SReclaimable') + freeableArc;
  // Kernels before 3.14 have no MemAvailable; this sum is the usual substitute.
  const available = bytes.get('MemAvailable') ?? of('MemFree') + of('Cached') + of('Buffers');
  const taken = Math.max(0, total - available);
  // A cache larger than that is not this machine's.
  const used = freeableArc <= taken ? taken - freeableArc : taken;
  return {
    ram: hundredth(percent(used, total)),
    mem_used_bytes: used,
    mem_available_bytes: total - used,
    mem_cached_bytes: cached,
    mem_total_bytes: total,
  };
}

/** Kernel's names of parts of the memory, by field: several names are added. */
const PARTS: readonly (readonly [field: string, names: readonly string[]])[] = [
  ['mem_dirty_bytes', ['Dirty', 'Writeback']],
  ['mem_shared_bytes', ['Shmem']],
  ['mem_slab_bytes', ['Slab']],
  ['mem_committed_bytes', ['Committed_AS']],
];

/** What the memory is used for in detail, as far as the kernel says it. */
export function memoryParts(bytes: ReadonlyMap<string, number>): Fields {
  const fields: Fields = {};
  for (const [field, names] of PARTS) {
    const known = names.flatMap((name) => bytes.get(name) ?? []);
    if (known.length > 0) fields[field] = known.reduce((sum, one) => sum + one, 0);
  }
  const hugePages = bytes.get('HugePages_Total') ?? 0;
  if (hugePages === 0) return fields;
  const size = bytes.get('Hugepagesize') ?? 0;
  fields['mem_huge_total_bytes'] = hugePages * size;
  fields['mem_huge_used_bytes'] = (hugePages - (bytes.get('HugePages_Free') ?? 0)) * size;
  return fields;
}

export function swapFields(bytes: ReadonlyMap<string, number>): Fields | 'absent' {
  const total = bytes.get('SwapTotal') ?? 0;
  if (total === 0) return 'absent';
  const used = Math.max(0, total - (bytes.get('SwapFree') ?? 0));
  return { swap: hundredth(percent(used, total)), swap_used_bytes: used, swap_total_bytes: total };
}

const ARCSTATS = '/proc/spl/kstat/zfs/arcstats';
/** How often a machine without ZFS is asked again whether it has it, in milliseconds. */
const SEARCH_EVERY = 60_000;
/** The kernel's number of the first namespace of processes. */
const FIRST_NAMESPACE = 'pid:[4026531836]';

/** Whether this process runs in a container, where the kernel's own figures are the host's. */
function isInContainer(): boolean {
  try {
    return readlinkSync('/proc/self/ns/pid') !== FIRST_NAMESPACE;
  } catch {
    // Where it is hidden, somebody restricts what this process may see.
    return true;
  }
}

export function createMemory(isContainer: () => boolean = isInContainer): Collector {
  const seesHost = isContainer();
  let searchedAt = -Infinity;
  let hasArc = false;

  const freeableArc = ({ at, read }: Context): number => {
    if (seesHost || (!hasArc && at - searchedAt < SEARCH_EVERY)) return 0;
    const text = read(ARCSTATS);
    hasArc = text !== undefined;
    searchedAt = at;
    return text === undefined ? 0 : parseFreeableArc(text);
  };

  return {
    collect(context) {
      const text = context.read('/proc/meminfo');
      if (text === undefined) return 'absent';
      const bytes = parseMeminfo(text);
      const memory = memoryFields(bytes, freeableArc(context));
      const swap = swapFields(bytes);
      if (memory === 'absent') return swap;
      return { ...memory, ...memoryParts(bytes), ...(swap === 'absent' ? {} : swap) };
    },
  };
}
