/**
 * What is made of a series of a source: the role that it has by its name, its type and its labels, and the field that it
 * becomes.
 */
import { UNIT_CHARS } from '#protocol/declarations.ts';
import { instanceField } from '#protocol/fields.ts';
import { cleanText } from '#protocol/text.ts';
import { unitOfName, unitOfWord, unitPerSecond } from '#protocol/units.ts';
import type { Exposition, Family, Series } from './exposition.ts';
import { fieldOf, instanceOf } from './field-names.ts';
import { quantileSuffix } from './quantiles.ts';

/** What is made of a series. */
type Role = 'value' | 'counter' | 'age' | 'bucket' | 'sum' | 'count' | 'none';

export interface Plan {
  readonly role: Role;
  /** The name of the field; of a part of a histogram, the name that its parts have in common. */
  readonly field: string;
  /** Of what may be a moment: which values are, and the field of its age. */
  readonly age?: Moments & { readonly field: string };
  /** Of a bucket, its upper bound. */
  readonly most: number;
}

/** Declares the unit and the label of a field; `what`: what the label says besides that of the metric. */
export type Declare = (field: string, unit: string | undefined, family: Family, what?: string) => void;

interface PlanParts {
  /** The source's. */
  readonly kind: string;
  readonly declare: Declare;
}

/** The unit that a family's numbers have. */
export function unitOf(name: string, { unit }: Family): string | undefined {
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

/** Which values of a metric are moments, in seconds since 1970. */
interface Moments {
  readonly least: number;
  readonly most: number;
}

/** `_time_seconds` may as well be how long something took. Undefined where none of its values is a moment. */
function momentsOf(name: string): Moments | undefined {
  const [, ending] = TIME.exec(name) ?? [];
  if (ending === undefined) return undefined;
  return ending === 'time' ? { least: 1e9, most: 4e9 } : { least: -Infinity, most: Infinity };
}

function roleOf({ labels }: Series, { family, end, isPart }: Belonging, moments: Moments | undefined): Role {
  const isDistribution = family.type === 'histogram' || family.type === 'summary';
  if (end === 'created' && isPart) return 'none';
  // It says which, not how much.
  if (family.type === 'info' || end === 'info') return 'none';
  if (isDistribution && (end === 'sum' || end === 'count')) return end;
  if (end === 'bucket' && labels.some(([label]) => label === 'le'))
    return family.type === 'gaugehistogram' ? 'none' : 'bucket';
  if (family.type === 'counter') return 'counter';
  if (moments !== undefined) return 'age';
  const isUntyped = family.type === undefined || family.type === 'untyped' || family.type === 'unknown';
  return isUntyped && end === 'total' ? 'counter' : 'value';
}

/** What is made of a series, and the declaration of what comes of it. */
export function makePlan(
  series: Series,
  families: Exposition['families'],
  { kind, declare }: PlanParts,
): Plan {
  const belonging = familyOf(series.name, families);
  const { family, base } = belonging;
  const moments = momentsOf(series.name);
  const role = roleOf(series, belonging, moments);
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
  if (role === 'age' && moments !== undefined) {
    const bare = fieldOf(series.name.replace(TIME, ''), '_age_seconds');
    declare(bare, 'seconds', family, 'age');
    const field = fieldOf(series.name);
    if (moments.most !== Infinity) declare(field, unit, family);
    return {
      ...common,
      field: instanceField(kind, instance, field),
      age: { field: instanceField(kind, instance, bare), ...moments },
    };
  }
  const field = fieldOf(series.name, q === undefined ? '' : quantileSuffix(q[1]));
  if (role === 'counter') declare(field, unitPerSecond(unit), family);
  else declare(field, unit, family, q === undefined ? '' : quantileSuffix(q[1]).slice(1));
  return { ...common, field: instanceField(kind, instance, field) };
}
