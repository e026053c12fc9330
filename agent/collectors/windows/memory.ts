/** Memory, what is promised of it, and the number of processes on Windows. */
import type { Collector, Fields } from '../collector.ts';
import { hundredth, percent } from '../rates.ts';
import type { Win32 } from './win32.ts';

/**
 * MEMORYSTATUSEX and PERFORMANCE_INFORMATION → fields. What Windows has promised to programs may be more than the
 * memory: the rest is in page files, of which those that are used have no figure of their own.
 */
export function memoryFields(status: Buffer, performance: Buffer): Fields {
  const total = Number(status.readBigUInt64LE(8));
  const available = Math.min(total, Number(status.readBigUInt64LE(16)));
  const page = Number(performance.readBigUInt64LE(80));
  const pages = (place: number) => Number(performance.readBigUInt64LE(place)) * page;
  return {
    ram: hundredth(percent(total - available, total)),
    mem_used_bytes: total - available,
    mem_available_bytes: available,
    mem_total_bytes: total,
    mem_committed_bytes: pages(8),
    ...(pages(48) > 0 ? { mem_cached_bytes: pages(48) } : {}),
    processes: performance.readUInt32LE(92),
  };
}

export function createMemory({
  memoryStatus,
  performance,
}: Pick<Win32, 'memoryStatus' | 'performance'>): Collector {
  return { collect: () => memoryFields(memoryStatus(), performance()) };
}
