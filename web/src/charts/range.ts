/** Which time the charts show: kept in the URL, read and written here. */
import { DAY, HOUR, MINUTE } from '#protocol/span.ts';

/** The time ranges that one can choose by a name. */
export type PresetKey = 'live' | '1h' | '6h' | '24h' | '7d' | '30d' | '1y';

interface Preset {
  readonly value: PresetKey;
  readonly label: string;
  readonly title: string;
  readonly ms: number;
}

/** How far back the live charts reach. */
export const LIVE_WINDOW_MS = 5 * MINUTE;

export const PRESETS: readonly Preset[] = [
  { value: 'live', label: 'Live', title: 'The last 5 minutes, every second', ms: LIVE_WINDOW_MS },
  { value: '1h', label: '1 h', title: 'The last hour', ms: HOUR },
  { value: '6h', label: '6 h', title: 'The last 6 hours', ms: 6 * HOUR },
  { value: '24h', label: '24 h', title: 'The last 24 hours', ms: DAY },
  { value: '7d', label: '7 d', title: 'The last 7 days', ms: 7 * DAY },
  { value: '30d', label: '30 d', title: 'The last 30 days', ms: 30 * DAY },
  { value: '1y', label: '1 y', title: 'The last year', ms: 365 * DAY },
];

/** How far back the live charts of a machine reach that joined a moment ago. */
const YOUNG = [MINUTE, 2 * MINUTE];

/**
 * How far back a live chart reaches, milliseconds, `ageMs` after its machine joined: not far at first, so that no
 * chart is mostly empty.
 */
export function liveSpan(ageMs: number): number {
  return YOUNG.find((ms) => ageMs <= ms) ?? LIVE_WINDOW_MS;
}

/**
 * What the charts show: the live minutes, a range of `ms` milliseconds that ends now, or one between two moments
 * (epoch milliseconds). Two ranges that differ have different keys.
 */
export type TimeRange =
  | { readonly kind: 'live'; readonly key: 'live' }
  | { readonly kind: 'last'; readonly key: PresetKey; readonly ms: number }
  | { readonly kind: 'fixed'; readonly key: string; readonly from: number; readonly to: number };

const LIVE: TimeRange = { kind: 'live', key: 'live' };

/** Nothing shorter is zoomed into: a sample a second is the finest there is. */
const LEAST_MS = 10_000;
/** Nothing longer is asked for: about three years. */
export const MOST_MS = 1100 * DAY;

/** The range between two moments, in whichever order: in whole seconds, and at least LEAST_MS long. */
export function fixedRange(one: number, other: number): TimeRange {
  const [from, to] = [Math.floor(Math.min(one, other) / 1000), Math.ceil(Math.max(one, other) / 1000)];
  const lacking = Math.max(0, LEAST_MS / 1000 - (to - from));
  const [start, end] = [(from - Math.ceil(lacking / 2)) * 1000, (to + Math.floor(lacking / 2)) * 1000];
  return { kind: 'fixed', key: `${start}-${end}`, from: start, to: end };
}

/** The range that a preset stands for. */
export function presetRange({ value, ms }: Preset): TimeRange {
  return value === 'live' ? LIVE : { kind: 'last', key: value, ms };
}

/** `?range=24h` or `?from=…&to=…` (epoch milliseconds) → the range; anything else is live. */
export function parseRange(query: Pick<URLSearchParams, 'get'>): TimeRange {
  const [from, to] = [Number(query.get('from') ?? NaN), Number(query.get('to') ?? NaN)];
  if (from > 0 && to > from && to - from <= MOST_MS && to < 8.64e15) return fixedRange(from, to);
  const chosen = PRESETS.find(({ value }) => value === query.get('range'));
  return chosen ? presetRange(chosen) : LIVE;
}

/** The range as it stands in the URL, with its `?`; empty for live. */
export function writeRange(range: TimeRange): string {
  if (range.kind === 'live') return '';
  return range.kind === 'last' ? `?range=${range.key}` : `?from=${range.from}&to=${range.to}`;
}

/** What stands in the URL for the range, with everything else that `search` has. */
export function withRange(search: URLSearchParams, range: TimeRange): URLSearchParams {
  const next = new URLSearchParams(search);
  for (const name of ['range', 'from', 'to']) next.delete(name);
  for (const [name, value] of new URLSearchParams(writeRange(range))) next.set(name, value);
  return next;
}

/** How much is shown before an alert and after it, milliseconds. */
export const AROUND_ALERT_MS = 30 * MINUTE;

/** From half an hour before an alert to half an hour after its end, or to `now`. Times are epoch milliseconds. */
export function rangeAround(
  { timestamp, resolved_at }: { readonly timestamp: number; readonly resolved_at: number | null },
  now: number,
): TimeRange {
  const from = timestamp - AROUND_ALERT_MS;
  const end = Math.min(now, (resolved_at ?? now) + AROUND_ALERT_MS);
  return fixedRange(from, Math.min(end, from + MOST_MS));
}

/** The range moved by a part of its width: -0.5 moves it back by half. It ends at `now` at the latest. */
export function moved({ from, to }: { from: number; to: number }, part: number, now: number): TimeRange {
  const by = Math.min((to - from) * part, Math.max(0, now - to));
  return fixedRange(from + by, to + by);
}

/** Zooming out makes a range so many times as wide. */
export const ZOOM_OUT = 3;

/** A range `factor` times as wide around the same middle. It ends at `now` at the latest. */
export function widened({ from, to }: { from: number; to: number }, factor: number, now: number): TimeRange {
  const width = Math.min(MOST_MS, (to - from) * factor);
  const end = Math.min(now, (from + to + width) / 2);
  return fixedRange(end - width, end);
}

/** Lengths of time in milliseconds, from a minute to a day, each of which fits a whole number of times into the next unit. */
export const CLOCK_STEPS = [
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
];

/** Bucket widths that fall on the borders of seconds, minutes, hours and days. */
const STEPS = [1000, 2000, 5000, 10_000, 15_000, 30_000, ...CLOCK_STEPS];

/** At most so many buckets are asked for: about one for every other pixel. */
const BUCKETS = 400;

/** The bucket width, milliseconds, for a range of `ms`: the finest that needs no more than so many buckets. */
export function stepFor(ms: number, buckets = BUCKETS): number {
  return STEPS.find((step) => ms / step <= buckets) ?? DAY;
}

/** How wide a range is, milliseconds. */
export function widthOf(range: TimeRange): number {
  if (range.kind === 'fixed') return range.to - range.from;
  return range.kind === 'last' ? range.ms : LIVE_WINDOW_MS;
}

/** What to ask the history for, in whole buckets; a range that ends now includes the newest one. */
export function historyQuery(range: TimeRange, now: number): { from: number; to: number; step: number } {
  const ms = widthOf(range);
  const step = stepFor(ms);
  if (range.kind === 'fixed') {
    const [from, to] = [Math.floor(range.from / step) * step, Math.ceil(range.to / step) * step];
    return { from, to, step };
  }
  const to = Math.ceil(now / step) * step;
  return { from: to - Math.ceil(ms / step) * step, to, step };
}
