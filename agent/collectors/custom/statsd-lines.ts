/**
 * Lines of StatsD, with the tags of DogStatsD (`|#env:prod`) and of Telegraf (`name,env=prod:1|c`), and plain ones of a
 * name and a value.
 *
 *     jobs:3|c          jobs:1|c|@0.1        request:12:15|ms|#route:/,env:prod
 *     depth:7|g         depth:-2|g           visitors:anna|s        depth 7
 */
import { NUMBER, type Labels } from './exposition.ts';

export type LineType = 'counter' | 'gauge' | 'timer' | 'set';

export interface Line {
  readonly name: string;
  readonly labels: Labels;
  readonly type: LineType;
  /** Whether `values` are milliseconds. */
  readonly isMs: boolean;
  /** The numbers, or the members of a set. */
  readonly values: readonly string[];
  /** Of a gauge: whether its value is added to what it is. */
  readonly isDelta: boolean;
  /** How many events one line stands for. */
  readonly weight: number;
}

const TYPES: Readonly<Record<string, LineType>> = {
  c: 'counter',
  m: 'counter',
  g: 'gauge',
  ms: 'timer',
  h: 'timer',
  d: 'timer',
  s: 'set',
};

const NAME = /^[^\s:|#@,{}"]{1,200}$/;
/** The most tags of one line. */
const MOST_TAGS = 16;

function tagsOf(texts: readonly string[], separator: ':' | '='): Labels | undefined {
  if (texts.length > MOST_TAGS) return undefined;
  const labels = new Map<string, string>();
  for (const text of texts) {
    if (text === '') continue;
    const at = text.indexOf(separator);
    if (at < 0) labels.set(text, '');
    else labels.set(text.slice(0, at), text.slice(at + 1));
  }
  return [...labels].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** `name value`, and `name value time` as Graphite has it. */
function plainLine(line: string): Line | undefined {
  const [name = '', value = '', time, ...more] = line.split(/[ \t]+/);
  if (!NAME.test(name) || !NUMBER.test(value) || more.length > 0) return undefined;
  if (time !== undefined && !NUMBER.test(time)) return undefined;
  return { name, labels: [], type: 'gauge', isMs: false, values: [value], isDelta: false, weight: 1 };
}

/** Undefined for what is no such line. */
export function parseLine(line: string): Line | undefined {
  const bar = line.indexOf('|');
  if (bar < 0) return plainLine(line);
  const [head = '', typeText = '', ...extras] = line.split('|');
  const colon = head.indexOf(':');
  if (colon < 1) return undefined;
  const [name = '', ...tags] = head.slice(0, colon).split(',');
  const type = TYPES[typeText.trim()];
  if (type === undefined || !NAME.test(name)) return undefined;
  let labels = tagsOf(tags, '=');
  let rate = 1;
  for (const extra of extras) {
    if (extra.startsWith('@')) rate = NUMBER.test(extra.slice(1)) ? Number(extra.slice(1)) : NaN;
    else if (extra.startsWith('#')) labels = tagsOf(extra.slice(1).trim().split(','), ':');
    // Others, as a container's name and a time, change nothing of what is counted.
  }
  if (labels === undefined || !(rate > 0 && rate <= 1)) return undefined;
  // A member of a set may have colons.
  const values = type === 'set' ? [head.slice(colon + 1)] : head.slice(colon + 1).split(':');
  if (type !== 'set' && !values.every((value) => NUMBER.test(value))) return undefined;
  return {
    ...{ name, labels, type, values },
    isMs: typeText.trim() === 'ms',
    isDelta: type === 'gauge' && /^[+-]/.test(values[0] ?? ''),
    weight: 1 / rate,
  };
}

/** Events and service checks of DogStatsD: text, and no numbers. */
export const isNoMetric = (line: string): boolean => line.startsWith('_e{') || line.startsWith('_sc|');
