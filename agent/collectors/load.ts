/** Load averages from /proc/loadavg. */
import type { Collector, Fields } from './collector.ts';

/** `0.52 0.58 0.59 1/467 12345` → fields; absent for any other text. */
export function parseLoad(text: string): Fields | 'absent' {
  const [load1 = NaN, load5 = NaN, load15 = NaN] = text.split(' ', 3).map(Number);
  if (![load1, load5, load15].every(Number.isFinite)) return 'absent';
  return { load1, load5, load15 };
}

export function createLoad(): Collector {
  return {
    collect({ read }) {
      const text = read('/proc/loadavg');
      return text === undefined ? 'absent' : parseLoad(text);
    },
  };
}
