/** Memory, what is promised of it, page files, and how many processes, threads and handles there are on Windows. */
import type { Collector, Fields } from '../collector.ts';
import { addRates, createRates, hundredth, percent } from '../rates.ts';
import { wide } from '../bytes.ts';
import type { Win32 } from './win32.ts';

/** Places in PERFORMANCE_INFORMATION, most of them counted in pages. */
const AT = { committed: 8, limit: 16, cache: 48, page: 80, handles: 88, processes: 92, threads: 96 } as const;

/**
 * MEMORYSTATUSEX and PERFORMANCE_INFORMATION → fields. What Windows has promised to programs may be more than the memory;
 * the rest is in page files. Where it has promised all it can, programs fail, however much memory is free.
 */
export function memoryFields(status: Buffer, performance: Buffer): Fields {
  const total = wide(status, 8);
  const available = Math.min(total, wide(status, 16));
  const page = wide(performance, AT.page);
  const pages = (place: number) => wide(performance, place) * page;
  const [committed, limit] = [pages(AT.committed), pages(AT.limit)];
  const fields: Fields = {
    ram: hundredth(percent(total - available, total)),
    mem_used_bytes: total - available,
    mem_available_bytes: available,
    mem_total_bytes: total,
    mem_committed_bytes: committed,
    processes: performance.readUInt32LE(AT.processes),
  };
  if (pages(AT.cache) > 0) fields['mem_cached_bytes'] = pages(AT.cache);
  if (limit >= committed && limit > 0) {
    fields['mem_committed'] = hundredth(percent(committed, limit));
    fields['mem_commit_limit_bytes'] = limit;
  }
  const counts = { open_handles: AT.handles, threads: AT.threads };
  for (const [field, place] of Object.entries(counts))
    if (performance.readUInt32LE(place) > 0) fields[field] = performance.readUInt32LE(place);
  return fields;
}

/** SYSTEM_PAGEFILE_INFORMATION of each page file → fields; none without a page file. */
export function pageFileFields(list: Buffer, page: number): Fields {
  let [total, used] = [0, 0];
  for (let at = 0; at + 16 <= list.length;) {
    total += list.readUInt32LE(at + 4) * page;
    used += list.readUInt32LE(at + 8) * page;
    const next = list.readUInt32LE(at);
    if (next === 0) break;
    at += next;
  }
  if (!(total > 0) || used > total) return {};
  return { swap: hundredth(percent(used, total)), swap_used_bytes: used, swap_total_bytes: total };
}

/**
 * SYSTEM_PERFORMANCE_INFORMATION → by field: how often a page had to be read from a disk, and the bytes that went into
 * page files. What comes back from these is not told apart from programs that are loaded.
 */
export function pagingCounters(system: Buffer, page: number): Record<string, number> {
  // [G8] No system runs that has read nothing: this one does not count.
  if (system.readUInt32LE(84) === 0) return {};
  return { major_faults: system.readUInt32LE(84), swap_out: system.readUInt32LE(96) * page };
}

type Calls = Pick<Win32, 'memoryStatus' | 'performance' | 'pageFiles' | 'systemPerformance'>;

export function createMemory(win32: Calls): Collector {
  const rates = createRates();
  return {
    collect({ at }) {
      const performance = win32.performance();
      const page = wide(performance, AT.page);
      const fields = memoryFields(win32.memoryStatus(), performance);
      const files = win32.pageFiles();
      if (files !== undefined) Object.assign(fields, pageFileFields(files, page));
      rates.begin(at);
      addRates(fields, rates, pagingCounters(win32.systemPerformance(), page));
      return fields;
    },
  };
}
