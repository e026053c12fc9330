/** When silences are: their windows of time. Pure functions; all times are epoch milliseconds. */
import type { SilenceTime } from '#protocol/silences.ts';
import { spanAfter, spanAt, type Span } from './week-hours.ts';

/** The part of a span of weekly hours in which they count; undefined where there is none. */
function clipped(span: Span | undefined, { from, until }: { from: number; until: number | null }) {
  if (span === undefined) return undefined;
  const part = { from: Math.max(span.from, from), to: Math.min(span.to, until ?? Infinity) };
  return part.from < part.to ? part : undefined;
}

/** The window that `t` lies in; undefined where it lies in none. */
export function windowAt(time: SilenceTime, t: number): Span | undefined {
  const { from } = time;
  if (time.kind === 'once') return from <= t && t < time.to ? { from, to: time.to } : undefined;
  const span = clipped(spanAt(time.hours, t), time);
  return span !== undefined && span.from <= t && t < span.to ? span : undefined;
}

/** The first window that begins after `t`; undefined where none does. */
export function windowAfter(time: SilenceTime, t: number): Span | undefined {
  const { from } = time;
  if (time.kind === 'once') return t < from && from < time.to ? { from, to: time.to } : undefined;
  // Hours that are under way when they begin to count make a first window that is shorter.
  const first = t < from ? clipped(spanAt(time.hours, from), time) : undefined;
  if (first !== undefined) return first;
  let after = Math.max(t, from - 1);
  // A span that the change of the clocks leaves without any time is passed over; two in a row there are none.
  for (let tries = 0; tries < 3; tries++) {
    const span = spanAfter(time.hours, after);
    const part = clipped(span, time);
    if (part !== undefined || span === undefined) return part;
    if (time.until !== null && span.from >= time.until) return undefined;
    after = span.from;
  }
  return undefined;
}

/** The windows that begin before `to` and end after `from`, oldest first, at most `most`. */
export function windowsBetween(time: SilenceTime, from: number, to: number, most: number): Span[] {
  const found: Span[] = [];
  let window = windowAt(time, from) ?? windowAfter(time, from);
  while (window !== undefined && window.from < to && found.length < most) {
    found.push(window);
    window = windowAfter(time, Math.max(window.from, window.to - 1));
  }
  return found;
}

/** When the last window ends or has ended; undefined where windows go on for ever. */
export function lastEnd(time: SilenceTime): number | undefined {
  return time.kind === 'once' ? time.to : (time.until ?? undefined);
}
