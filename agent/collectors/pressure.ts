/**
 * Pressure from /proc/pressure: the share of time in which tasks waited for processors, memory or disks. It is taken from
 * the kernel's total, which is exact to the microsecond, and not from its averages, which lag behind by ten seconds.
 */
import type { Collector, Fields } from './collector.ts';
import { createRates, isKnown, percent, tenth } from './rates.ts';

/** Field, file and line. For processors, `full` is 0 by definition for a whole machine. */
const LINES: readonly (readonly [field: string, file: string, line: string])[] = [
  ['pressure_cpu', '/proc/pressure/cpu', 'some'],
  ['pressure_memory', '/proc/pressure/memory', 'some'],
  ['pressure_memory_full', '/proc/pressure/memory', 'full'],
  ['pressure_io', '/proc/pressure/io', 'some'],
  ['pressure_io_full', '/proc/pressure/io', 'full'],
];
const FILES = [...new Set(LINES.map(([, file]) => file))];

/** `some avg10=0.00 avg60=0.00 avg300=0.00 total=1234` → microseconds of the wanted line; undefined where it is missing. */
export function parsePressure(text: string, line: string): number | undefined {
  const start = text.indexOf(`${line} `);
  const total = start < 0 ? -1 : text.indexOf('total=', start);
  return total < 0 ? undefined : Number.parseInt(text.slice(total + 'total='.length, total + 32), 10);
}

const SECOND_US = 1e6;
/** [G8] The kernel brings its total up to date when it is read, and the two readings are not exactly a second apart. */
const MOST_US = 1.5 * SECOND_US;

export function createPressure(): Collector {
  const rates = createRates();
  return {
    collect({ at, read }) {
      const texts = new Map(FILES.map((file) => [file, read(file)]));
      rates.begin(at);
      const fields: Fields = {};
      let isPresent = false;
      for (const [field, file, line] of LINES) {
        const total = parsePressure(texts.get(file) ?? '', line);
        if (total === undefined) continue;
        isPresent = true;
        const rate = rates.perSecond(field, total, MOST_US);
        if (isKnown(rate)) fields[field] = tenth(percent(rate, SECOND_US));
      }
      return isPresent ? fields : 'absent';
    },
  };
}
