/** What stands in a quota's period, out of its running total: what is used, and what is to be expected. Pure. */
import { DAY, MINUTE } from '#protocol/span.ts';
import type { Quota, QuotaCounts, Standing } from '#protocol/traffic.ts';
import { dayAt, periodAt, type Span } from './billing.ts';
import type { DayTotals, Moved } from './day-totals.ts';

/** The rate that a forecast goes on with is that of so many days before today, and of today. */
const RECENT_DAYS = 7;
/** Of less than this nothing is foretold. */
const LEAST_MS = DAY;
/** The newest samples are under way for so long; time without them is not called unknown yet. */
const UNDER_WAY_MS = 2 * MINUTE;

/** Which of the bytes count. */
export function counted(counts: QuotaCounts, { in: received, out: sent }: Omit<Moved, 'knownMs'>): number {
  switch (counts) {
    case 'out':
      return sent;
    case 'in':
      return received;
    case 'sum':
      return received + sent;
    case 'larger':
      return Math.max(received, sent);
  }
}

/** From when on a quota needs its total at `now`: its period, and the days that show the rate. */
export function neededSince(quota: Quota, now: number): number {
  return Math.min(periodAt(now, quota).from, dayAt(now, quota.time_zone, RECENT_DAYS).from);
}

/** `used` and what comes to it in the rest of the period, at the mean rate of a span that ends now. */
function atRate(used: Moved, of: Moved, sinceMs: number, leftMs: number): Omit<Moved, 'knownMs'> {
  const share = sinceMs > 0 ? leftMs / sinceMs : 0;
  return { in: used.in + of.in * share, out: used.out + of.out * share };
}

/**
 * The mean rates include the time in which the machine was off, as it will be off again; but not the time before
 * anything was known of it.
 */
function forecast(
  quota: Quota,
  totals: DayTotals,
  used: Moved,
  period: Span,
  now: number,
): Standing['forecast'] {
  const knownSince = (from: number) => now - Math.max(from, totals.begin);
  if (now - period.from < LEAST_MS || knownSince(-Infinity) < LEAST_MS) return null;
  const recentFrom = dayAt(now, quota.time_zone, RECENT_DAYS).from;
  const recent = totals.sum({ from: recentFrom, to: now });
  const leftMs = period.to - now;
  const bytes = counted(quota.counts, atRate(used, recent, knownSince(recentFrom), leftMs));
  const bySoFar = counted(quota.counts, atRate(used, used, knownSince(period.from), leftMs));
  return {
    bytes,
    percent: (bytes * 100) / quota.allowance_bytes,
    low: Math.min(bytes, bySoFar),
    high: Math.max(bytes, bySoFar),
  };
}

export function standingOf(quota: Quota, totals: DayTotals, now: number): Standing {
  const period = periodAt(now, quota);
  const used = totals.sum(period);
  const bytes = counted(quota.counts, used);
  const percent = (bytes * 100) / quota.allowance_bytes;
  const unknownMs = now - period.from - used.knownMs;
  return {
    ...period,
    at: now,
    in_bytes: used.in,
    out_bytes: used.out,
    used_bytes: bytes,
    used_percent: percent,
    unknown_s: unknownMs <= UNDER_WAY_MS ? 0 : Math.round(unknownMs / 1000),
    known_s: Math.round(used.knownMs / 1000),
    level: percent >= 100 ? 2 : percent >= quota.warn_percent ? 1 : 0,
    forecast: forecast(quota, totals, used, period, now),
  };
}
