/**
 * Turns what one source exposes, reading after reading, into fields: a counter into its growth per second, a histogram
 * into its rate, mean and quantiles, a time in the past into its age. It declares their units and labels.
 */
import type { Declaration, Declarations } from '#protocol/declarations.ts';
import { HELP_CHARS, LABEL_CHARS, MOST_DECLARATIONS, UNIT_CHARS } from '#protocol/declarations.ts';
import { instanceField } from '#protocol/fields.ts';
import { cleanText } from '#protocol/text.ts';
import { unitOfName, unitOfWord, unitPerSecond } from '#protocol/units.ts';
import type { Fields } from '../collector.ts';
import { createRates, isKnown, type Rates } from '../rates.ts';
import type { Exposition, Family, Point, Series } from './exposition.ts';
import { fieldOf, instanceOf } from './field-names.ts';
import { quantile } from './quantiles.ts';

/** [G8] Nothing that is counted grows by more in a second: nanoseconds of a thousand processors. */
const MOST_GROWTH = 1e12;
/** A line whose time is this far from now is no current value, in milliseconds; as in Prometheus. */
const CURRENT_FOR = 300_000;
/** [I8] The most fields of one source. */
export const MOST_FIELDS = 1500;
/** Past it, what is known of the series is dropped: they may come and go for ever. */
const MOST_PLANS = 50_000;
const QUANTILES = [0.5, 0.95, 0.99];

/** What is made of a series. */
type Role = 'value' | 'counter' | 'age' | 'bucket' | 'sum' | 'count' | 'none';

interface Plan {
  readonly role: Role;
  /** The name of the field; of a part of a histogram, the name that its parts have in common. */
  readonly field: string;
  /** Of what may be a moment: which values are, and the field of its age. */
  readonly age?: { readonly field: string; readonly least: number; readonly most: number };
  /** Of a bucket, its upper bound. */
  readonly most: number;
}

/** The counters of one histogram or summary. */
interface Distribution {
  readonly base: string;
  readonly instance: string;
  readonly family: Family;
  sum: number | undefined;
  count: number | undefined;
  readonly buckets: { readonly most: number; readonly rate: number }[];
}

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
  /** Fields that were left out of the last reading because there are too many. */
  leftOut(): number;
  /** Names that the last reading had twice. */
  twice(): readonly string[];
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

/** The unit that a family's numbers have. */
function unitOf(name: string, { unit }: Family): string | undefined {
  if (unit === undefined || unit === '') return unitOfName(name);
  return unitOfWord(unit) ?? cleanText(unit.slice(0, UNIT_CHARS));
}

const ENDING = /^(.+)_(bucket|sum|count|total|created|info)$/;

interface Belonging {
  readonly family: Family;
  readonly base: string;
  /** What the name has besides the family's. */
  readonly end: string;
  /** Whether the source has a metric whose part it may be, by its name. */
  readonly isPart: boolean;
}

/** The family that a series belongs to. */
function familyOf(name: string, families: Exposition['families']): Belonging {
  const own = families.get(name);
  const [, whole = name, end = ''] = ENDING.exec(name) ?? [];
  const family = own ?? families.get(whole) ?? {};
  return {
    family,
    base: own === undefined && families.has(whole) ? whole : name,
    end,
    isPart: families.has(whole) || families.has(`${whole}_total`),
  };
}

const TIME = /_(timestamp|mtime|time)(_seconds)?$/;

const NONE = { least: Infinity, most: -Infinity };

/** Which values of a metric are moments, in seconds since 1970; `_time_seconds` may as well be how long something took. */
function momentsOf(name: string): { readonly least: number; readonly most: number } | undefined {
  const [, ending] = TIME.exec(name) ?? [];
  if (ending === undefined) return undefined;
  return ending === 'time' ? { least: 1e9, most: 4e9 } : { least: -Infinity, most: Infinity };
}

function roleOf({ name, labels }: Series, { family, end, isPart }: Belonging): Role {
  const isDistribution = family.type === 'histogram' || family.type === 'summary';
  if (end === 'created' && isPart) return 'none';
  // It says which, not how much.
  if (family.type === 'info' || end === 'info') return 'none';
  if (isDistribution && (end === 'sum' || end === 'count')) return end;
  if (end === 'bucket' && labels.some(([label]) => label === 'le'))
    return family.type === 'gaugehistogram' ? 'none' : 'bucket';
  if (family.type === 'counter') return 'counter';
  if (momentsOf(name) !== undefined) return 'age';
  const isUntyped = family.type === undefined || family.type === 'untyped' || family.type === 'unknown';
  return isUntyped && end === 'total' ? 'counter' : 'value';
}

/** `0.95` → `_p95`, `0.999` → `_p99.9`. */
const quantileSuffix = (q: string) => `_p${Number((Number(q) * 100).toFixed(4))}`;

/** @param kind the source's */
export function createReadings(kind: string): Readings {
  const rates: Rates = createRates();
  const plans = new Map<string, Plan>();
  const types = new Map<string, string | undefined>();
  let declarations: Record<string, Declaration> = {};
  let copy: Declarations = declarations;
  /** Field → the moment that it tells the age of, in seconds since 1970. */
  const moments = new Map<string, number>();
  let tooMany = 0;
  let repeated: string[] = [];

  const declare = (field: string, unit: string | undefined, { help }: Family, what = '') => {
    const key = `${kind}:*:${field}`;
    if (Object.hasOwn(declarations, key)) return;
    // Names may come and go for ever.
    if (Object.keys(declarations).length >= MOST_DECLARATIONS) declarations = {};
    const words = wordsOf(help);
    const label =
      words.label === undefined || what === '' ? words.label : cut(`${words.label}, ${what}`, LABEL_CHARS);
    declarations[key] = {
      ...(unit !== undefined && { unit }),
      ...words,
      ...(label !== undefined && { label }),
    };
    copy = { ...declarations };
  };

  /** What is made of a series, and the declaration of what comes of it. */
  const makePlan = (series: Series, families: Exposition['families']): Plan => {
    const belonging = familyOf(series.name, families);
    const { family, base } = belonging;
    const role = roleOf(series, belonging);
    const unit = unitOf(base, family);
    const le = series.labels.find(([label]) => label === 'le')?.[1] ?? '';
    const q = family.type === 'summary' ? series.labels.find(([label]) => label === 'quantile') : undefined;
    const parts = role === 'bucket' ? ['le'] : q === undefined ? [] : ['quantile'];
    const instance = instanceOf(series.labels.filter(([label]) => !parts.includes(label)));
    const common = { role, most: le === '+Inf' ? Infinity : Number(le) };
    if (role === 'bucket' || role === 'sum' || role === 'count') {
      const name = ENDING.exec(series.name)?.[1] ?? series.name;
      return { ...common, field: `${instance}\n${name}` };
    }
    if (role === 'none') return { ...common, field: '' };
    if (role === 'age') {
      const bare = fieldOf(series.name.replace(TIME, ''), '_age_seconds');
      declare(bare, 'seconds', family, 'age');
      const field = fieldOf(series.name);
      if (momentsOf(series.name)?.most !== Infinity) declare(field, unit, family);
      return {
        ...common,
        field: instanceField(kind, instance, field),
        age: { field: instanceField(kind, instance, bare), ...(momentsOf(series.name) ?? NONE) },
      };
    }
    const field = fieldOf(series.name, q === undefined ? '' : quantileSuffix(q[1]));
    if (role === 'counter') declare(field, unitPerSecond(unit), family);
    else declare(field, unit, family, q === undefined ? '' : quantileSuffix(q[1]).slice(1));
    return { ...common, field: instanceField(kind, instance, field) };
  };

  const planOf = (point: Point, families: Exposition['families']): Plan => {
    const known = plans.get(point.series.text);
    if (known !== undefined) return known;
    if (plans.size >= MOST_PLANS) plans.clear();
    const plan = makePlan(point.series, families);
    plans.set(point.series.text, plan);
    return plan;
  };

  /** Forgets what was made of the series where the source has changed its mind on a type, as in a file that is written anew. */
  const checkTypes = (families: Exposition['families']) => {
    let isSame = true;
    for (const [name, { type }] of families) {
      if (types.has(name) && types.get(name) !== type) isSame = false;
      types.set(name, type);
    }
    if (isSame) return;
    plans.clear();
    declarations = {};
  };

  const addDistribution = (add: (field: string, value: number) => void, one: Distribution) => {
    const { base, instance, family, sum, count, buckets } = one;
    const unit = unitOf(base, family);
    const put = (suffix: string, value: number | undefined, of: string | undefined, what: string) => {
      if (value === undefined || !Number.isFinite(value)) return;
      const field = fieldOf(base, suffix);
      declare(field, of, family, what);
      add(instanceField(kind, instance, field), significant(value));
    };
    put('_count', count, 'per_second', 'per second');
    put('_sum', sum, unitPerSecond(unit), 'sum per second');
    if (sum !== undefined && count !== undefined && count > 0) put('_mean', sum / count, unit, 'mean');
    const sorted = buckets
      .toSorted((a, b) => a.most - b.most)
      .map(({ most, rate }) => ({ most, count: rate }));
    for (const q of QUANTILES) put(quantileSuffix(String(q)), quantile(q, sorted), unit, `p${q * 100}`);
  };

  return {
    take({ points, families }, at, now) {
      checkTypes(families);
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
          const [instance = '', base = ''] = name.split('\n');
          found = {
            base,
            instance,
            family: families.get(base) ?? {},
            sum: undefined,
            count: undefined,
            buckets: [],
          };
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
    declared: () => copy,
    leftOut: () => tooMany,
    twice: () => repeated,
  };
}
