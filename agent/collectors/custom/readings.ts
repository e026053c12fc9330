/**
 * Turns what one source exposes, reading after reading, into fields: a counter into its growth per second, a histogram
 * into its rate, mean and quantiles, a time in the past into its age. It declares their units and labels.
 */
import type { Declaration, Declarations } from '#protocol/declarations.ts';
import { HELP_CHARS, LABEL_CHARS } from '#protocol/declarations.ts';
import { instanceField } from '#protocol/fields.ts';
import { cleanText } from '#protocol/text.ts';
import type { Fields } from '../collector.ts';
import { createRates, isKnown, type Rates } from '../rates.ts';
import { createDeclarationList } from './declaration-list.ts';
import { createDistribution, measuresOf, type Distribution } from './distribution.ts';
import type { Exposition, Family, Point } from './exposition.ts';
import { fieldOf } from './field-names.ts';
import { makePlan, type Declare, type Plan } from './series-plan.ts';

/** [G8] Nothing that is counted grows by more in a second: nanoseconds of a thousand processors. */
const MOST_GROWTH = 1e12;
/** A line whose time is this far from now is no current value, in milliseconds; as in Prometheus. */
const CURRENT_FOR = 300_000;
/** [I8] The most fields of one source. */
export const MOST_FIELDS = 1500;
/** Past it, what is known of the series is dropped: they may come and go for ever. */
const MOST_PLANS = 50_000;

export interface Readings {
  /**
   * The fields of a reading.
   * @param at of a clock that never steps, in milliseconds: when the counters were as they are
   * @param now epoch milliseconds
   */
  take(exposition: Exposition, at: number, now: number): Fields;
  /** How long ago the moments of the last reading are now: they age without another reading. */
  ages(now: number): Fields;
  /** The same object until something in it has changed. */
  declared(): Declarations;
  /** What of the last reading is not taken, and why. */
  problems(): readonly string[];
}

/** [G8] Exporters write 2^64 for no limit; the server takes no such number. */
export const isPossible = (value: number) => Math.abs(value) <= 1e18;

/** Four digits, and whole numbers from 1000 up: rates and means may be of any size, and a millisecond is not nothing. */
export function significant(value: number): number {
  return Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(4));
}

const cut = (text: string, most: number) => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

/** A label and, where that cannot hold all of it, a help text. */
export function wordsOf(help: string | undefined): Pick<Declaration, 'label' | 'help'> {
  const clean = cleanText(help ?? '');
  if (clean === '') return {};
  const sentence = clean.replace(/\.( .*)?$/s, '');
  const label = cleanText(cut(sentence === '' ? clean : sentence, LABEL_CHARS));
  const isAll = clean === label || clean === `${label}.`;
  return { ...(label !== '' && { label }), ...(!isAll && { help: cleanText(cut(clean, HELP_CHARS)) }) };
}

/** Whether two readings say the same of their metrics. */
function isSame(a: Exposition['families'], b: Exposition['families']): boolean {
  const isEqual = (one: Family, other: Family | undefined) =>
    one.type === other?.type && one.unit === other?.unit && one.help === other?.help;
  return a.size === b.size && [...a].every(([name, family]) => isEqual(family, b.get(name)));
}

/** @param kind the source's */
export function createReadings(kind: string): Readings {
  const rates: Rates = createRates();
  const plans = new Map<string, Plan>();
  const declarations = createDeclarationList();
  /** What the last reading said of its metrics. */
  let known: Exposition['families'] = new Map();
  /** Field → the moment that it tells the age of, in seconds since 1970. */
  const moments = new Map<string, number>();
  let tooMany = 0;
  let repeated: string[] = [];

  const declare: Declare = (field, unit, { help }, what = '') => {
    const key = `${kind}:*:${field}`;
    if (declarations.isFull() || declarations.get(key) !== undefined) return;
    const words = wordsOf(help);
    const label =
      words.label === undefined || what === '' ? words.label : cut(`${words.label}, ${what}`, LABEL_CHARS);
    declarations.set(key, {
      ...(unit !== undefined && { unit }),
      ...words,
      ...(label !== undefined && { label }),
    });
  };

  const forget = () => {
    plans.clear();
    declarations.clear();
  };

  const planOf = (point: Point, families: Exposition['families']): Plan => {
    const made = plans.get(point.series.text);
    if (made !== undefined) return made;
    if (plans.size >= MOST_PLANS) forget();
    const plan = makePlan(point.series, families, { kind, declare });
    plans.set(point.series.text, plan);
    return plan;
  };

  /** Forgets what was made of the series where the source says another thing of them, as in a file that is written anew. */
  const checkFamilies = (families: Exposition['families']) => {
    if (!isSame(families, known)) forget();
    known = families;
  };

  const addDistribution = (add: (field: string, value: number) => void, one: Distribution) => {
    for (const { suffix, value, unit, what } of measuresOf(one)) {
      const field = fieldOf(one.base, suffix);
      declare(field, unit, one.family, what);
      add(instanceField(kind, one.instance, field), significant(value));
    }
  };

  return {
    take({ points, families }, at, now) {
      checkFamilies(families);
      rates.begin(at);
      moments.clear();
      const fields: Fields = {};
      const distributions = new Map<string, Distribution>();
      let count = 0;
      tooMany = 0;
      repeated = [];

      const add = (field: string, value: number) => {
        if (!isPossible(value)) return;
        if (fields[field] !== undefined) {
          if (repeated.length < 3) repeated.push(field);
        } else if (count >= MOST_FIELDS) tooMany++;
        else {
          fields[field] = value;
          count++;
        }
      };
      const distributionOf = (name: string): Distribution => {
        let found = distributions.get(name);
        if (found === undefined) {
          found = createDistribution(name, families);
          distributions.set(name, found);
        }
        return found;
      };
      const takeOne = (point: Point) => {
        const { series, value } = point;
        const { role, field, most, age } = planOf(point, families);
        if (role === 'none') return;
        if (role === 'value') return add(field, value);
        if (age !== undefined && value >= age.least && value <= age.most) {
          // 0 stands for never.
          if (value > 0) moments.set(age.field, value);
          return;
        }
        if (role === 'age') return add(field, value);
        const rate = rates.perSecond(series.text, value, MOST_GROWTH);
        if (!isKnown(rate)) return;
        if (role === 'counter') return add(field, significant(rate));
        const one = distributionOf(field);
        if (role === 'sum') one.sum = rate;
        else if (role === 'count') one.count = rate;
        else if (!Number.isNaN(most)) one.buckets.push({ most, rate });
      };
      for (const point of points) {
        if (Number.isNaN(point.value)) continue;
        if (point.time !== undefined && Math.abs(now - point.time) > CURRENT_FOR) continue;
        takeOne(point);
      }
      for (const one of distributions.values()) addDistribution(add, one);
      for (const [field, age] of Object.entries(this.ages(now))) add(field, age);
      return fields;
    },
    ages(now) {
      const fields: Fields = {};
      for (const [field, moment] of moments) fields[field] = Math.max(0, Math.round(now / 1000 - moment));
      return fields;
    },
    declared: declarations.all,
    problems: () => [
      ...repeated.map((field) => `${field} is there twice; the first one counts`),
      ...(tooMany > 0 ? [`${tooMany} fields are past the ${MOST_FIELDS} that are taken`] : []),
    ],
  };
}
