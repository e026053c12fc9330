/** Swapping, major faults and processes killed for lack of memory, from /proc/vmstat. */
import type { Collector, Fields } from './collector.ts';
import { pageSize } from './page-size.ts';
import { numberAfter } from './proc-text.ts';
import { addRates, createRates } from './rates.ts';

/** The kernel's name of a counter, and how much one of it is; `page`: the bytes of a page. */
const COUNTERS: readonly (readonly [field: string, label: string, unit: 'page' | 'one'])[] = [
  ['swap_in', 'pswpin ', 'page'],
  ['swap_out', 'pswpout ', 'page'],
  ['major_faults', 'pgmajfault ', 'one'],
  ['oom_kills', 'oom_kill ', 'one'],
];

/** /proc/vmstat → by field: bytes or events since boot. Kernels before 4.13 do not count the killed processes. */
export function parseVmstat(text: string, pageBytes: number): Record<string, number> {
  const counters: Record<string, number> = {};
  // They stand in this order, behind some seventy others.
  const from = Math.max(0, text.indexOf('\npswpin ') - 1);
  for (const [field, label, unit] of COUNTERS) {
    const value = numberAfter(text, label, from);
    if (value !== undefined) counters[field] = value * (unit === 'page' ? pageBytes : 1);
  }
  return counters;
}

export function createPaging(pageBytes = pageSize()): Collector {
  const rates = createRates();
  return {
    collect({ at, read }) {
      const text = read('/proc/vmstat');
      if (text === undefined) return 'absent';
      const fields: Fields = {};
      rates.begin(at);
      addRates(fields, rates, parseVmstat(text, pageBytes));
      return fields;
    },
  };
}
