/** The text of one sample of flat numbers, as an agent writes it again and again. */
import { keptValue, ruleFor, type Rule } from '#protocol/metrics.ts';
import type { Layout, Sample, Values } from '#protocol/sample.ts';
import { membersAt, type Span } from './json-spans.ts';
import { isNumber, type Cursor } from './number-token.ts';
import { patternOf, readPattern, type Pattern } from './pattern.ts';

export interface SamplePattern {
  readonly pattern: Pattern;
  readonly layout: Layout;
  readonly rules: readonly Rule[];
  /** Whether the timestamp stands before the metrics or behind them. */
  readonly timeFirst: boolean;
  /** Where the numbers are read to. */
  readonly scratch: Float64Array;
}

/** A sample whose values are a row of numbers; the object of them is made when somebody asks for it. */
class RowSample implements Sample {
  readonly t: number;
  readonly row: { readonly layout: Layout; readonly numbers: Float64Array };
  #values: Values | undefined;

  constructor(t: number, layout: Layout, numbers: Float64Array) {
    this.t = t;
    this.row = { layout, numbers };
  }

  get values(): Values {
    return (this.#values ??= this.#made());
  }

  #made(): Values {
    const { layout, numbers } = this.row;
    return Object.fromEntries(layout.names.map((name, i) => [name, numbers[i] ?? NaN]));
  }
}

/** The spans of the numbers of a sample in their order; undefined where anything in it is no flat number. */
function numbersIn(body: Buffer, sample: Span) {
  const members = membersAt(body, sample.from);
  const [first, second] = members;
  if (members.length !== 2 || first === undefined || second === undefined) return undefined;
  const timeFirst = first[0] === 'timestamp';
  const [time, metrics] = timeFirst ? [first, second] : [second, first];
  if (time[0] !== 'timestamp' || metrics[0] !== 'metrics') return undefined;
  const fields = membersAt(body, metrics[1].from);
  const spans = fields.map(([, span]) => span);
  const all = timeFirst ? [time[1], ...spans] : [...spans, time[1]];
  if (!all.every((span) => isNumber(body, span.from, span.to))) return undefined;
  const names = fields.map(([name]) => name);
  return new Set(names).size === names.length ? { timeFirst, names, all } : undefined;
}

/** The pattern of the sample at `span`; undefined where it is not made of flat numbers only. */
export function samplePatternOf(body: Buffer, span: Span): SamplePattern | undefined {
  const found = numbersIn(body, span);
  if (found === undefined) return undefined;
  const { timeFirst, names, all } = found;
  return {
    pattern: patternOf(body, span.from, span.to, all),
    layout: { names, places: new Map(names.map((name, place) => [name, place])) },
    rules: names.map(ruleFor),
    timeFirst,
    scratch: new Float64Array(all.length),
  };
}

/** Reads a sample; undefined where the body has another text, or a number that is to be clamped or refused. */
export function readSample(
  { pattern, layout, rules, timeFirst, scratch }: SamplePattern,
  body: Uint8Array,
  cursor: Cursor,
): Sample | undefined {
  if (!readPattern(pattern, body, cursor, scratch)) return undefined;
  const count = rules.length;
  const from = timeFirst ? 1 : 0;
  for (let i = 0; i < count; i++) {
    const value = scratch[from + i];
    if (keptValue(rules[i] ?? 'free', value) !== value) return undefined;
  }
  const t = scratch[timeFirst ? 0 : count] ?? NaN;
  return new RowSample(t, layout, scratch.slice(from, from + count));
}
