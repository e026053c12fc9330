/**
 * Units of numbers that are none of Watchfloor's own: what the words of OpenMetrics mean, and what the end of a name says
 * where nobody has declared a unit (`cache_bytes`).
 */
import type { Unit } from './fields.ts';

/** Every unit that Watchfloor knows how to write. */
export const UNITS = {
  percent: true,
  ratio: true,
  bytes: true,
  bytes_per_second: true,
  per_second: true,
  seconds: true,
  milliseconds: true,
  celsius: true,
  hertz: true,
  volts: true,
  watts: true,
  rpm: true,
  count: true,
} as const satisfies Record<Unit, true>;

export function isUnit(word: string): word is Unit {
  return Object.hasOwn(UNITS, word);
}

/** Words that units are called by, in the names of metrics and after `# UNIT`; a word or sign that is no Unit is shown as it is. */
const WORDS: Readonly<Record<string, string>> = {
  percent: 'percent',
  ratio: 'ratio',
  bytes: 'bytes',
  byte: 'bytes',
  seconds: 'seconds',
  second: 'seconds',
  milliseconds: 'milliseconds',
  ms: 'milliseconds',
  celsius: 'celsius',
  hertz: 'hertz',
  volts: 'volts',
  watts: 'watts',
  rpm: 'rpm',
  amperes: 'A',
  joules: 'J',
  grams: 'g',
  meters: 'm',
};

/** The unit for a word of OpenMetrics (`bytes`, `amperes`); undefined for another word. */
export function unitOfWord(word: string): string | undefined {
  return Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
}

/** What the last word of a metric's name says of its unit: `cache_bytes` → `bytes`; undefined where it says nothing. */
export function unitOfName(name: string): string | undefined {
  const bare = name.replace(/_(total|sum|mean|max|min|p\d+)$/, '');
  const last = bare.lastIndexOf('_');
  return last < 1 ? undefined : unitOfWord(bare.slice(last + 1));
}

/** The unit of how much a counter grows in a second. */
export function unitPerSecond(unit: string | undefined): string {
  if (unit === undefined || unit === 'count') return 'per_second';
  if (unit === 'bytes') return 'bytes_per_second';
  if (unit === 'J') return 'watts';
  if (unit === 'seconds') return 's/s';
  return isUnit(unit) ? 'per_second' : `${unit}/s`;
}
