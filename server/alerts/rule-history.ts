/** What one device's history gives to the preview of a rule: samples in order, and trends as they were at each time. */
import type { Condition } from '#protocol/conditions.ts';
import { fieldMatches } from '#protocol/fields.ts';
import type { Sample } from '#protocol/sample.ts';
import { HOUR, MINUTE } from '#protocol/span.ts';
import type { DeviceMemory } from './device-memory.ts';
import { baselineOf, forecastOf, type Trend } from './trend.ts';
import { trendPartsOf, type MeanSeries, type RuleHistory, type TrendCondition } from './trends.ts';
import { isPattern, metricOf, trendOf } from './watch.ts';

const QUARTER = 15 * MINUTE;
const WEEK = 7 * 24 * HOUR;
/** Of one device, so many fields of a pattern are looked at. */
const MOST_FIELDS = 100;
/** Fields that a device always sends: where they are, it was there. */
const ALWAYS = ['uptime_s', 'cpu', 'ram'];
/** Forecasts of the past are made this often, as in the present. */
const FORECAST_EVERY = 5 * MINUTE;

/** The fields of a device that the condition reads, and one that tells when the device was there. */
export interface ReadFields {
  readonly fields: readonly string[];
  /** Those that alerts are about; for a device that is offline or started again, one that is always there. */
  readonly subjects: readonly string[];
}

/** Which of the device's stored fields the condition reads. */
export function fieldsRead(condition: Condition, stored: readonly string[]): ReadFields {
  const always = ALWAYS.find((name) => stored.includes(name)) ?? stored[0];
  const matching = (metric: string) =>
    isPattern(metric)
      ? stored.filter((name) => fieldMatches(metric, name)).slice(0, MOST_FIELDS)
      : stored.filter((name) => name === metric);
  const isAboutDevice = condition.kind === 'offline' || condition.kind === 'rebooted';
  const subjects = isAboutDevice && always !== undefined ? [always] : matching(metricOf(condition));
  const second = condition.kind === 'joint' ? matching(condition.second.metric) : [];
  const needsAlways = condition.kind === 'no_data' && always !== undefined;
  return { fields: [...new Set([...subjects, ...second, ...(needsAlways ? [always] : [])])], subjects };
}

/** Samples of several series, in order of time; a sample has the fields that have a value then. */
export function* samplesOf(series: ReadonlyMap<string, MeanSeries>): Generator<Sample> {
  const columns = [...series].map(([name, { t, mean }]) => ({ name, t, mean, next: 0 }));
  for (;;) {
    let at = Infinity;
    for (const { t, next } of columns) at = Math.min(at, t[next] ?? Infinity);
    if (at === Infinity) return;
    const values: Record<string, number> = {};
    for (const column of columns) {
      if (column.t[column.next] !== at) continue;
      values[column.name] = column.mean[column.next++] ?? NaN;
    }
    yield { t: at, values };
  }
}

/** The place of the first time that is not before `at`. */
function firstFrom(t: readonly number[], at: number): number {
  let [low, high] = [0, t.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((t[middle] ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The values of the buckets in [from, to). */
function between({ t, mean }: MeanSeries, from: number, to: number) {
  const [first, end] = [firstFrom(t, from), firstFrom(t, to)];
  return { t: t.slice(first, end), value: mean.slice(first, end) };
}

/** What was known at `at` of one field. */
function trendAt(condition: TrendCondition, series: MeanSeries, step: number, at: number): Trend | undefined {
  if (condition.kind === 'forecast')
    // A bucket that was not complete then is left out.
    return forecastOf(between(series, at - condition.fit_h * HOUR, at - step + 1), condition, at);
  const hour = at - (at % HOUR);
  const weeks = Array.from({ length: condition.weeks }, (_, i) => hour - (i + 1) * WEEK);
  return baselineOf(weeks.flatMap((from) => between(series, from, from + HOUR).value));
}

/** Puts into a device's memory what was known at each time; to be called with ascending times. */
export type TrendReplay = (at: number, memory: DeviceMemory) => void;

async function readReplay(
  history: RuleHistory,
  deviceId: string,
  condition: TrendCondition,
  stored: readonly string[],
  range: { readonly from: number; readonly to: number },
): Promise<TrendReplay> {
  const isForecast = condition.kind === 'forecast';
  const before = isForecast ? condition.fit_h * HOUR : condition.weeks * WEEK + HOUR;
  const step = isForecast && condition.fit_h <= 6 ? MINUTE : QUARTER;
  const { fields } = fieldsRead({ ...condition, kind: 'no_data', for_s: 0, clear_for_s: 0 }, stored);
  const asked = { deviceId, from: range.from - before, to: range.to, step, fields };
  const found = await history.query(asked);
  const every = isForecast ? FORECAST_EVERY : HOUR;
  const what = trendOf(condition) ?? '';
  let newest = NaN;
  return (at, memory) => {
    const slot = at - (at % every);
    if (slot === newest) return;
    newest = slot;
    const known = [...found.series].map(
      ([field, series]) => [field, trendAt(condition, series, found.step, slot)] as const,
    );
    memory.setTrends(what, new Map(known));
  };
}

/** Reads what the condition needs besides samples, for all times of the range. */
export async function readTrendReplay(
  history: RuleHistory,
  deviceId: string,
  condition: Condition,
  stored: readonly string[],
  range: { readonly from: number; readonly to: number },
): Promise<TrendReplay> {
  const replays: TrendReplay[] = [];
  for (const part of trendPartsOf(condition))
    replays.push(await readReplay(history, deviceId, part, stored, range));
  return (at, memory) => {
    for (const replay of replays) replay(at, memory);
  };
}
