/** How much time the charts show: kept in the URL. */

export type RangeKey = 'live' | '1h' | '6h' | '24h' | '7d' | '30d' | '1y';

export interface Range {
  readonly value: RangeKey;
  readonly label: string;
  readonly title: string;
  readonly ms: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const RANGES: readonly Range[] = [
  { value: 'live', label: 'Live', title: 'The last 5 minutes, every second', ms: 5 * MINUTE },
  { value: '1h', label: '1 h', title: 'The last hour', ms: HOUR },
  { value: '6h', label: '6 h', title: 'The last 6 hours', ms: 6 * HOUR },
  { value: '24h', label: '24 h', title: 'The last 24 hours', ms: DAY },
  { value: '7d', label: '7 d', title: 'The last 7 days', ms: 7 * DAY },
  { value: '30d', label: '30 d', title: 'The last 30 days', ms: 30 * DAY },
  { value: '1y', label: '1 y', title: 'The last year', ms: 365 * DAY },
];

const LIVE: Range = RANGES[0] ?? { value: 'live', label: 'Live', title: '', ms: 5 * MINUTE };

/** Live windows of a machine that joined a moment ago. */
const YOUNG = [MINUTE, 2 * MINUTE];

/** How much a live chart shows of a machine `ageMs` after it joined: little at first, so that its charts fill. */
export function liveSpan(ageMs: number): number {
  return YOUNG.find((ms) => ageMs <= ms) ?? LIVE.ms;
}

/** `?range=24h` → its range; anything else is live. */
export function parseRange(text: string | null): Range {
  return RANGES.find(({ value }) => value === text) ?? LIVE;
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

/** What to ask the history for: whole buckets, the newest one included. */
export function windowFor(range: Range, now: number): { from: number; to: number; step: number } {
  const step = stepFor(range.ms);
  const to = Math.ceil(now / step) * step;
  return { from: to - Math.ceil(range.ms / step) * step, to, step };
}
