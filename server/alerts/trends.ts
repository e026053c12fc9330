/**
 * Works out from the history what some rules compare with: when a field reaches a level, and what is usual at this
 * hour. It goes from device to device, one query at a time, and rests in between; a push only looks up what was found.
 */
import type { Condition, Comparison } from '#protocol/conditions.ts';
import { fieldMatches } from '#protocol/fields.ts';
import { DAY, HOUR, MINUTE } from '#protocol/span.ts';
import type { Clock, Log } from '../types.ts';
import { baselineOf, forecastOf, type Trend } from './trend.ts';
import { isPattern, trendOf } from './watch.ts';

/** Columns of equal length: when buckets start, epoch milliseconds, and their mean values. */
export interface MeanSeries {
  readonly t: readonly number[];
  readonly mean: readonly number[];
}
/** What is asked of the history: buckets of `step` milliseconds in [from, to), epoch milliseconds. */
export interface SeriesAsked {
  readonly deviceId: string;
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly fields: readonly string[];
}
/** How rules read the history. Both reject while it cannot be read. */
export interface RuleHistory {
  /** `step`: the width of the buckets that were read, which may be wider than asked. */
  query(
    asked: SeriesAsked,
  ): Promise<{ readonly step: number; readonly series: ReadonlyMap<string, MeanSeries> }>;
  /** The names of all fields that are stored of the device. */
  fields(deviceId: string): Promise<readonly string[]>;
}

/** What was found of each field; undefined where its history says nothing (any more). */
export type FoundTrends = ReadonlyMap<string, Trend | undefined>;

const NO_SERIES: MeanSeries = { t: [], mean: [] };

/** A comparison that needs something from the history. */
export type TrendCondition = Extract<Condition | Comparison, { kind: 'forecast' | 'deviation' }>;

/** The parts of a condition that need something from the history. */
export function trendPartsOf(condition: Condition): readonly TrendCondition[] {
  const parts = condition.kind === 'joint' ? [condition.first, condition.second] : [condition];
  return parts.filter((part): part is TrendCondition => trendOf(part) !== undefined);
}

export interface TrendsParts {
  readonly history: RuleHistory;
  readonly deviceIds: () => readonly string[];
  /** The comparisons of the device's rules that need something from the history. */
  readonly needsOf: (deviceId: string) => readonly TrendCondition[];
  /** Takes what was found, by field. */
  readonly found: (deviceId: string, what: string, trends: FoundTrends) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** A round over all devices begins this long after the last one began, or when that ended. */
const ROUND_MS = 5 * MINUTE;
/** The first round waits until the start is over. */
const FIRST_MS = 20_000;
/** After a query, the rounds rest this many times as long as it took. */
const REST = 20;
const QUARTER = 15 * MINUTE;
const WEEK = 7 * DAY;
/** Lines through so many hours or fewer are fitted to minutes, else to quarters of an hour. */
const FINE_H = 6;
/** Of one device, so many fields of a pattern are looked at. */
const MOST_FIELDS = 200;

/** The device's fields that the comparison is about. */
async function fieldsOf(history: RuleHistory, deviceId: string, metric: string): Promise<readonly string[]> {
  if (!isPattern(metric)) return [metric];
  return (await history.fields(deviceId)).filter((name) => fieldMatches(metric, name)).slice(0, MOST_FIELDS);
}

/** When each field reaches the level, as seen at `at`, epoch milliseconds. */
export async function readForecasts(
  history: RuleHistory,
  deviceId: string,
  condition: Extract<TrendCondition, { kind: 'forecast' }>,
  at: number,
): Promise<FoundTrends> {
  const fields = await fieldsOf(history, deviceId, condition.metric);
  const step = condition.fit_h <= FINE_H ? MINUTE : QUARTER;
  const from = at - condition.fit_h * HOUR;
  const { series } = await history.query({ deviceId, from, to: at, step, fields });
  return new Map(
    fields.map((field) => {
      const { t, mean } = series.get(field) ?? NO_SERIES;
      return [field, forecastOf({ t, value: mean }, condition, at)];
    }),
  );
}

/** What is usual in the hour of `at`, epoch milliseconds, by the same hour of past weeks. */
export async function readBaselines(
  history: RuleHistory,
  deviceId: string,
  condition: Extract<TrendCondition, { kind: 'deviation' }>,
  at: number,
): Promise<FoundTrends> {
  const fields = await fieldsOf(history, deviceId, condition.metric);
  const hour = at - (at % HOUR);
  const values = new Map<string, number[]>();
  for (let week = 1; week <= condition.weeks; week++) {
    const from = hour - week * WEEK;
    const { series } = await history.query({ deviceId, from, to: from + HOUR, step: QUARTER, fields });
    for (const [field, { mean }] of series) values.set(field, [...(values.get(field) ?? []), ...mean]);
  }
  return new Map(fields.map((field) => [field, baselineOf(values.get(field) ?? [])]));
}

export interface Trends {
  /** Resolves when every device was looked at once more. A failing history ends the round; it never rejects. */
  round(): Promise<void>;
  forget(deviceId: string): void;
  stop(): void;
}

export function createTrends({ history, deviceIds, needsOf, found, clock, log }: TrendsParts): Trends {
  let stopped = false;
  let running: Promise<void> | undefined;
  /** By device: the hour for which each baseline was worked out. What is usual changes with the hour only. */
  const hours = new Map<string, Map<string, number>>();

  const pause = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve));

  function isFresh(deviceId: string, what: string, hour: number): boolean {
    return hours.get(deviceId)?.get(what) === hour;
  }

  async function look(deviceId: string, condition: TrendCondition): Promise<void> {
    const at = clock.now();
    const what = `${trendOf(condition) ?? ''}`;
    if (condition.kind === 'forecast')
      return found(deviceId, what, await readForecasts(history, deviceId, condition, at));
    const hour = Math.floor(at / HOUR);
    const key = `${what} ${condition.metric}`;
    if (isFresh(deviceId, key, hour)) return;
    found(deviceId, what, await readBaselines(history, deviceId, condition, at));
    const known = hours.get(deviceId) ?? new Map<string, number>();
    hours.set(deviceId, known.set(key, hour));
  }

  async function lookAtAll(): Promise<void> {
    for (const deviceId of deviceIds())
      for (const condition of needsOf(deviceId)) {
        if (stopped) return;
        const begun = performance.now();
        await look(deviceId, condition);
        await pause(REST * (performance.now() - begun));
      }
  }

  function round(): Promise<void> {
    running ??= lookAtAll()
      .catch((error: unknown) => {
        log.warn(
          { err: error },
          'the history cannot be read now; forecasts and what is usual stay as they were',
        );
      })
      .finally(() => (running = undefined));
    return running;
  }

  const stopFirst = clock.after(FIRST_MS, () => void round());
  const stopRounds = clock.every(() => void round(), ROUND_MS);
  return {
    round,
    forget(deviceId) {
      hours.delete(deviceId);
    },
    stop() {
      stopped = true;
      stopFirst();
      stopRounds();
    },
  };
}
