/**
 * The running total of one interface of one machine, day by day. Only days that may have changed are read from the
 * history again: the present one, and those of which samples came late. The days end at midnight of the quota's zone, so
 * that a billing period is whole days.
 */
import { DAY, HOUR } from '#protocol/span.ts';
import { QUARTER } from '../history/history.ts';
import { daysBetween, type Span } from './billing.ts';
import type { Measured } from './measured.ts';

/** Bytes that were moved, and the time of which that is known, milliseconds. */
export interface Moved {
  readonly in: number;
  readonly out: number;
  readonly knownMs: number;
}

export interface DayTotal extends Span, Moved {}

export const NOTHING: Moved = { in: 0, out: 0, knownMs: 0 };

export const plus = (a: Moved, b: Moved): Moved => ({
  in: a.in + b.in,
  out: a.out + b.out,
  knownMs: a.knownMs + b.knownMs,
});

/** The sum of what was measured in each of the spans, which ascend. A bucket belongs to the span that it begins in. */
export function sumBySpan(spans: readonly Span[], measured: readonly Measured[]): DayTotal[] {
  let next = 0;
  return spans.map(({ from, to }) => {
    let sum = NOTHING;
    for (; next < measured.length; next++) {
      const one = measured[next];
      if (one === undefined || one.t >= to) break;
      if (one.t >= from) sum = plus(sum, one);
    }
    return { from, to, ...sum };
  });
}

/** Samples come within this time after they were taken; later ones are noted as late. */
const SETTLED_MS = HOUR;
/** Now and then everything is read again, whatever is thought to be known. */
const ANEW_MS = DAY;

export class DayTotals {
  readonly #timeZone: string;
  #days: readonly DayTotal[] = [];
  /** When the oldest sample of the days was taken, about; Infinity while there is none. */
  #begin = Infinity;
  /** The days from the one of this time on are to be read again. */
  #staleFrom = -Infinity;
  #readAt = -Infinity;

  constructor(timeZone: string) {
    this.#timeZone = timeZone;
  }

  get days(): readonly DayTotal[] {
    return this.#days;
  }

  /** When the first of what is known began, epoch milliseconds; Infinity while nothing is. */
  get begin(): number {
    return this.#begin;
  }

  /** Whether it is known from `since` on. */
  covers(since: number): boolean {
    const first = this.#days[0];
    return first !== undefined && first.from <= since;
  }

  /** Samples of this time came late: what was read of it may lack them. */
  noteLate(t: number): void {
    this.#staleFrom = Math.min(this.#staleFrom, t);
  }

  /**
   * What has to be read at `now` so that all days from `since` on are known: from where, and up to where. To be called
   * before the samples that have arrived by then are in the history; `take` is given what is found.
   */
  due(since: number, now: number): Span {
    const isAnew = now - this.#readAt >= ANEW_MS || now < this.#readAt;
    const first = this.#days[0]?.from ?? Infinity;
    const stale = isAnew || first > since ? since : Math.max(since, this.#staleFrom);
    const from = daysBetween(stale, stale + 1, this.#timeZone)[0]?.from ?? stale;
    if (from <= since) this.#readAt = now;
    // Late samples that are noted from here on have to be read the next time.
    this.#staleFrom = now - SETTLED_MS;
    return { from, to: now };
  }

  /** Takes what was measured, in quarters of an hour, in the span that was due; days before `since` are forgotten. */
  take(since: number, { from, to }: Span, measured: readonly Measured[]): void {
    const read = sumBySpan(daysBetween(from, to, this.#timeZone), measured);
    const kept = this.#days.filter((day) => day.to > since && day.from < from);
    this.#days = [...kept, ...read];
    const first = measured.find(({ knownMs }) => knownMs > 0);
    // Of its first bucket the end is known.
    const firstRead = first === undefined ? Infinity : first.t + Math.max(0, QUARTER - first.knownMs);
    const firstKept = kept.some(({ knownMs }) => knownMs > 0) ? Math.max(this.#begin, since) : Infinity;
    this.#begin = Math.min(firstKept, firstRead);
  }

  /** After a failure: what was due has to be read again. */
  failed({ from }: Span): void {
    this.#staleFrom = Math.min(this.#staleFrom, from);
  }

  /** The sum of the days that begin in the span. */
  sum({ from, to }: Span): Moved {
    return this.#days.reduce<Moved>(
      (sum, day) => (day.from >= from && day.from < to ? plus(sum, day) : sum),
      NOTHING,
    );
  }
}
