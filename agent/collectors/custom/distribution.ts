/** A histogram or a summary: what its counters tell of how it grew, such as its rate, its mean and its quantiles. */
import { unitPerSecond } from '#protocol/units.ts';
import type { Exposition, Family } from './exposition.ts';
import { quantile, quantileSuffix } from './quantiles.ts';
import { unitOf } from './series-plan.ts';

const QUANTILES = [0.5, 0.95, 0.99];

/** The counters of one histogram or summary, each as its growth per second. */
export interface Distribution {
  readonly base: string;
  readonly instance: string;
  readonly family: Family;
  sum: number | undefined;
  count: number | undefined;
  readonly buckets: { readonly most: number; readonly rate: number }[];
}

/** One field of a distribution. */
interface Measure {
  /** The end of the field's name. */
  readonly suffix: string;
  readonly value: number;
  readonly unit: string | undefined;
  /** What its label says besides that of the metric. */
  readonly what: string;
}

/** @param name the instance and the name that its parts have in common, as a plan has them */
export function createDistribution(name: string, families: Exposition['families']): Distribution {
  const [instance = '', base = ''] = name.split('\n');
  return {
    ...{ base, instance, family: families.get(base) ?? {} },
    ...{ sum: undefined, count: undefined, buckets: [] },
  };
}

/** The fields of a distribution, as far as its counters tell them. */
export function measuresOf({ base, family, sum, count, buckets }: Distribution): Measure[] {
  const unit = unitOf(base, family);
  const found: Measure[] = [];
  const put = (suffix: string, value: number | undefined, of: string | undefined, what: string) => {
    if (value !== undefined && Number.isFinite(value)) found.push({ suffix, value, unit: of, what });
  };
  put('_count', count, 'per_second', 'per second');
  put('_sum', sum, unitPerSecond(unit), 'sum per second');
  if (sum !== undefined && count !== undefined && count > 0) put('_mean', sum / count, unit, 'mean');
  const sorted = buckets.toSorted((a, b) => a.most - b.most).map(({ most, rate }) => ({ most, count: rate }));
  for (const q of QUANTILES) put(quantileSuffix(String(q)), quantile(q, sorted), unit, `p${q * 100}`);
  return found;
}
