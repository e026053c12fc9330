/** Memory and swap from /proc/meminfo. */
import { hundredth, percent } from './rates.ts';
import type { Collector, Fields } from './collector.ts';

/** /proc/meminfo → bytes by the kernel's name (`MemTotal`). */
export function parseMeminfo(text: string): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const [, name = '', amount, unit] of text.matchAll(/^([^:\s]+):\s+(\d+)( kB)?$/gm))
    bytes.set(name, Number(amount) * (unit === undefined ? 1 : 1024));
  return bytes;
}

export function memoryFields(bytes: ReadonlyMap<string, number>): Fields | 'absent' {
  const total = bytes.get('MemTotal');
  if (total === undefined || total === 0) return 'absent';
  const of = (name: string) => bytes.get(name) ?? 0;
  const cached = of('Cached') + of('Buffers') + of('SReclaimable');
  // Kernels before 3.14 have no MemAvailable; this sum is the usual substitute.
  const available = Math.min(
    total,
    bytes.get('MemAvailable') ?? of('MemFree') + of('Cached') + of('Buffers'),
  );
  const used = total - available;
  return {
    ram: hundredth(percent(used, total)),
    mem_used_bytes: used,
    mem_available_bytes: available,
    mem_cached_bytes: cached,
    mem_total_bytes: total,
  };
}

export function swapFields(bytes: ReadonlyMap<string, number>): Fields | 'absent' {
  const total = bytes.get('SwapTotal') ?? 0;
  if (total === 0) return 'absent';
  const used = Math.max(0, total - (bytes.get('SwapFree') ?? 0));
  return { swap: hundredth(percent(used, total)), swap_used_bytes: used, swap_total_bytes: total };
}

export function createMemory(): Collector {
  return {
    collect({ read }) {
      const text = read('/proc/meminfo');
      if (text === undefined) return 'absent';
      const bytes = parseMeminfo(text);
      const [memory, swap] = [memoryFields(bytes), swapFields(bytes)];
      if (memory === 'absent') return swap;
      return swap === 'absent' ? memory : { ...memory, ...swap };
    },
  };
}
