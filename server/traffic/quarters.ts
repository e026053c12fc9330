/**
 * Reads quarters of an hour. A short time is read as minutes and put together here: to give its present quarters, the
 * history itself puts together the hours of four days.
 */
import { DAY, MINUTE } from '#protocol/span.ts';
import { QUARTER, type Buckets, type History } from '../history/history.ts';

const SHORT_MS = 2 * DAY;

const emptyBuckets = (): Record<keyof Buckets, number[]> => ({
  t: [],
  min: [],
  mean: [],
  max: [],
  count: [],
});

/** Minutes as the quarters that they lie in. */
export function asQuarters({ t, min, mean, max, count }: Buckets): Buckets {
  const of = emptyBuckets();
  for (const [i, minute] of t.entries()) {
    const quarter = minute - (minute % QUARTER);
    const samples = count[i] ?? 0;
    if (of.t.at(-1) !== quarter) {
      of.t.push(quarter);
      of.min.push(Infinity);
      of.mean.push(0);
      of.max.push(-Infinity);
      of.count.push(0);
    }
    const last = of.t.length - 1;
    const before = of.count[last] ?? 0;
    of.min[last] = Math.min(of.min[last] ?? 0, min[i] ?? 0);
    of.max[last] = Math.max(of.max[last] ?? 0, max[i] ?? 0);
    of.mean[last] = ((of.mean[last] ?? 0) * before + (mean[i] ?? 0) * samples) / (before + samples);
    of.count[last] = before + samples;
  }
  return of;
}

export interface QuartersAsked {
  readonly deviceId: string;
  /** Where a quarter begins. */
  readonly from: number;
  readonly to: number;
  readonly fields: readonly string[];
}

/** The quarters of each field that has any. */
export async function readQuarters(
  history: Pick<History, 'query'>,
  asked: QuartersAsked,
): Promise<ReadonlyMap<string, Buckets>> {
  if (asked.to - asked.from > SHORT_MS) return (await history.query({ ...asked, step: QUARTER })).series;
  const { step, series } = await history.query({ ...asked, step: MINUTE });
  return step === MINUTE
    ? new Map([...series].map(([field, minutes]) => [field, asQuarters(minutes)]))
    : series;
}
