/** How much time the charts show: kept in the URL. */
import { DAY, HOUR, MINUTE } from '../format/time.ts';

export type RangeKey = 'live' | '1h' | '6h' | '24h' | '7d' | '30d' | '1y';

export interface Range {
  readonly value: RangeKey;
  readonly label: string;
  readonly title: string;
  readonly ms: number;
}

/** How far back the live charts reach. */
export const LIVE_WINDOW_MS = 5 * MINUTE;

export const RANGES: readonly Range[] = [
  { value: 'live', label: 'Live', title: 'The last 5 minutes, every second', ms: LIVE_WINDOW_MS },
  { value: '1h', label: '1 h', title: 'The last hour', ms: HOUR },
  { value: '6h', label: '6 h', title: 'The last 6 hours', ms: 6 * HOUR },
  { value: '24h', label: '24 h', title: 'The last 24 hours', ms: DAY },
  { value: '7d', label: '7 d', title: 'The last 7 days', ms: 7 * DAY },
  { value: '30d', label: '30 d', title: 'The last 30 days', ms: 30 * DAY },
  { value: '1y', label: '1 y', title: 'The last year', ms: 365 * DAY },
];

/** Live windows of a machine that joined a moment ago. */
const YOUNG = [MINUTE, 2 * MINUTE];

/** How much a live chart shows of a machine `ageMs` after it joined: little at first, so that its charts fill. */
export function liveSpan(ageMs: number): number {
  return YOUNG.find((ms) => ageMs <= ms) ?? LIVE_WINDOW_MS;
}

/**
 * What the charts show: the live minutes, a range that ends now, or a stretch between two moments. `key` is another
 * one for another stretch.
 */
export type Stretch =
  | { readonly kind: 'live'; readonly key: 'live' }
  | { readonly kind: 'last'; readonly key: RangeKey; readonly ms: number }
  | { readonly kind: 'fixed'; readonly key: string; readonly from: number; readonly to: number };

const LIVE: Stretch = { kind: 'live', key: 'live' };

/** Less than this is not zoomed into: there is a sample a second. */
const LEAST_MS = 10_000;
/** As far back as a year and a bit, the longest anything is kept. */
const MOST_MS = 1100 * DAY;

/** From one moment to another, whichever comes first, in whole seconds and not too short. */
export function fixed(one: number, other: number): Stretch {
  const [from, to] = [Math.floor(Math.min(one, other) / 1000), Math.ceil(Math.max(one, other) / 1000)];
  const lacking = Math.max(0, LEAST_MS / 1000 - (to - from));
  const [start, end] = [(from - Math.ceil(lacking / 2)) * 1000, (to + Math.floor(lacking / 2)) * 1000];
  return { kind: 'fixed', key: `${start}-${end}`, from: start, to: end };
}

/** A preset as it is chosen. */
export function preset({ value, ms }: Range): Stretch {
  return value === 'live' ? LIVE : { kind: 'last', key: value, ms };
}

/** `?range=24h` or `?from=…&to=…` (epoch milliseconds) → what it asks for; anything else is live. */
export function parseStretch(query: Pick<URLSearchParams, 'get'>): Stretch {
  const [from, to] = [Number(query.get('from') ?? NaN), Number(query.get('to') ?? NaN)];
  if (from > 0 && to > from && to - from <= MOST_MS && to < 8.64e15) return fixed(from, to);
  const chosen = RANGES.find(({ value }) => value === query.get('range'));
  return chosen ? preset(chosen) : LIVE;
}

/** As it stands in the URL, with its `?`; empty for live. */
export function writeStretch(stretch: Stretch): string {
  if (stretch.kind === 'live') return '';
  return stretch.kind === 'last' ? `?range=${stretch.key}` : `?from=${stretch.from}&to=${stretch.to}`;
}

/** The same stretch moved by a part of its width: -0.5 is half of it back. Ends at `now` at the latest. */
export function moved({ from, to }: { from: number; to: number }, part: number, now: number): Stretch {
  const by = Math.min((to - from) * part, Math.max(0, now - to));
  return fixed(from + by, to + by);
}

/** The same stretch `factor` times as wide, about its middle. Ends at `now` at the latest. */
export function widened({ from, to }: { from: number; to: number }, factor: number, now: number): Stretch {
  const width = Math.min(MOST_MS, (to - from) * factor);
  const end = Math.min(now, (from + to + width) / 2);
  return fixed(end - width, end);
}

/** Bucket widths that fall on the borders of minutes, hours and days. */
const STEPS = [
  1000,
  2000,
  5000,
  10_000,
  15_000,
  30_000,
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

/** Buckets asked for at most: about one for every other pixel. */
const BUCKETS = 400;

/** The bucket width for a range of `ms`: the finest that keeps within the number of buckets. */
export function stepFor(ms: number): number {
  return STEPS.find((step) => ms / step <= BUCKETS) ?? DAY;
}

/** How wide it is, in milliseconds. */
export function widthOf(stretch: Stretch): number {
  if (stretch.kind === 'fixed') return stretch.to - stretch.from;
  return stretch.kind === 'last' ? stretch.ms : LIVE_WINDOW_MS;
}

/** What to ask the history for: whole buckets; of a range that ends now, the newest one included. */
export function windowFor(stretch: Stretch, now: number): { from: number; to: number; step: number } {
  const ms = widthOf(stretch);
  const step = stepFor(ms);
  if (stretch.kind === 'fixed') {
    const [from, to] = [Math.floor(stretch.from / step) * step, Math.ceil(stretch.to / step) * step];
    return { from, to, step };
  }
  const to = Math.ceil(now / step) * step;
  return { from: to - Math.ceil(ms / step) * step, to, step };
}
