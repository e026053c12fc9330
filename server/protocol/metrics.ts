/**
 * The numbers of one sample as they come on the wire → values by flat field name. Rule I5 lives in `keptValue`:
 * what is refused, what is clamped. Names are checked by `fieldRule`, the same for every form of a push.
 */
import { fieldInfo, instanceField, parseInstanceField } from './fields.ts';

/** Flat field name (`cpu`, `core:0:cpu`) → number. */
export type Values = Record<string, number>;

const LIMITS = {
  fieldsPerSample: 4000,
  fieldName: 64,
  instanceName: 256,
  /** No counter of bytes, rates or events comes near; 1e308 is a broken sensor. */
  magnitude: 1e18,
} as const;

const FIELD = /^[A-Za-z][A-Za-z0-9_.-]*$/;
// eslint-disable-next-line no-control-regex -- control characters are just what must not be in a name
const CONTROL = /[\u0000-\u001f\u007f]/;

/** A name or a number that is refused: what is wrong, and where in the metrics. */
export class BadValue extends Error {
  readonly path: readonly string[];
  constructor(path: readonly string[], message: string) {
    super(message);
    this.path = path;
  }
}

function checkName(path: readonly string[], name: string): void {
  if (name.length > LIMITS.fieldName || !FIELD.test(name))
    throw new BadValue(path, 'a field name is a letter, then up to 63 letters, digits, "_", "-" or "."');
}

function checkInstance(path: readonly string[], instance: string): void {
  if (instance.length === 0 || instance.length > LIMITS.instanceName || CONTROL.test(instance))
    throw new BadValue(path, 'an instance name is 1 to 256 printable characters');
}

function checkCount(count: number): void {
  if (count > LIMITS.fieldsPerSample)
    throw new BadValue([], `has ${count} fields; at most ${LIMITS.fieldsPerSample} are taken`);
}

/** What a field's values may be: a percentage, nothing negative, or any number. */
export type Rule = 'percent' | 'positive' | 'free';

/**
 * Checks a flat name (`cpu`, `disk:sda:read`) and says what its values may be.
 * @param path where the name stands, for the error
 * @throws BadValue when it is not a field's name
 */
function fieldRule(name: string, path: readonly string[] = [name]): Rule {
  const parts = parseInstanceField(name);
  if (parts === undefined) checkName(path, name);
  else {
    checkName(path, parts.kind);
    checkInstance(path, parts.instance);
    checkName(path, parts.field);
  }
  const unit = fieldInfo(name)?.unit;
  if (unit === undefined || unit === 'celsius') return 'free';
  return unit === 'percent' ? 'percent' : 'positive';
}

/** [I5] The value to keep: undefined for what cannot be, 100 for a percentage over 100. */
function keptValue(rule: Rule, value: unknown): number | undefined {
  if (typeof value !== 'number' || !(Math.abs(value) <= LIMITS.magnitude)) return undefined;
  if (rule === 'free') return value;
  if (value < 0) return undefined;
  return rule === 'percent' && value > 100 ? 100 : value;
}

/** Says why `keptValue` keeps nothing. */
function refusal(path: readonly string[], value: unknown): BadValue {
  if (typeof value !== 'number' || !Number.isFinite(value))
    return new BadValue(path, 'must be a finite number');
  if (Math.abs(value) > LIMITS.magnitude)
    return new BadValue(path, `is out of range: at most ${LIMITS.magnitude}`);
  return new BadValue(path, 'must not be negative');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// --- samples as objects -----------------------------------------------------------------------------

/** Reads the `metrics` of one sample after another. */
export type ParseMetrics = (metrics: unknown) => Values;

/**
 * A reader for the samples of one push: each name in it is checked once.
 *
 * Numbers are scalars; objects are instances (`{core: {"0": {cpu: 3}}}` → `core:0:cpu`); null is "not present here"
 * and left out. An instance's number may also stand flat under its whole name, which is how `disk:sda:read` goes
 * beside the scalar `disk`. What it returns throws BadValue.
 */
export function createMetricsParser(): ParseMetrics {
  const rules = new Map<string, Rule>();
  const ruleOf = (name: string, path: readonly string[]): Rule => {
    const known = rules.get(name);
    if (known !== undefined) return known;
    const rule = fieldRule(name, path);
    rules.set(name, rule);
    return rule;
  };
  const keep = (values: Values, name: string, given: unknown, path: readonly string[]): void => {
    const value = keptValue(ruleOf(name, path), given);
    if (value === undefined) throw refusal(path, given);
    values[name] = value;
  };

  function keepKind(values: Values, kind: string, instances: object): number {
    checkName([kind], kind);
    let count = 0;
    for (const [instance, fields] of Object.entries(instances)) {
      checkInstance([kind, instance.slice(0, 40)], instance);
      if (!isRecord(fields)) throw new BadValue([kind, instance], 'must be an object of numbers');
      for (const [field, given] of Object.entries(fields)) {
        if (given === null) continue;
        keep(values, instanceField(kind, instance, field), given, [kind, instance, field]);
        count++;
      }
    }
    return count;
  }

  return (metrics) => {
    if (!isRecord(metrics)) throw new BadValue([], 'must be an object of numbers');
    const values: Values = {};
    let count = 0;
    for (const [key, given] of Object.entries(metrics)) {
      if (given === null || given === undefined) continue;
      if (typeof given === 'object') count += keepKind(values, key, given);
      else {
        keep(values, key, given, [key]);
        count++;
      }
    }
    checkCount(count);
    return values;
  };
}

// --- samples as rows --------------------------------------------------------------------------------

/** The fields of a push in columns, checked: which field stands where in its rows. */
export interface Layout {
  readonly names: readonly string[];
  readonly places: ReadonlyMap<string, number>;
  /** What the values of each place may be. */
  readonly rules: readonly Rule[];
}

/** Checks the `fields` list of a push. @throws BadValue naming the first wrong place */
export function checkFields(fields: unknown): Layout {
  if (!Array.isArray(fields)) throw new BadValue([], 'must be a list of field names');
  checkCount(fields.length);
  const names: string[] = [];
  const places = new Map<string, number>();
  const rules: Rule[] = [];
  for (const [place, name] of fields.entries()) {
    const path = [String(place)];
    if (typeof name !== 'string') throw new BadValue(path, 'must be a field name');
    rules.push(fieldRule(name, path));
    if (places.has(name)) throw new BadValue(path, `"${name}" is in the list twice`);
    places.set(name, place);
    names.push(name);
  }
  return { names, places, rules };
}

/**
 * Copies the values of one row (the timestamp is its place 0) into `numbers` from `at` on; NaN for null, "not known
 * this time". @throws BadValue naming the first wrong place of the row
 */
export function copyRow(row: readonly unknown[], { rules }: Layout, numbers: Float64Array, at: number): void {
  const count = rules.length;
  if (row.length !== count + 1)
    throw new BadValue(
      [],
      `has ${row.length} entries; the timestamp and ${count} values, one a field, are expected`,
    );
  for (let place = 0; place < count; place++) {
    const given = row[place + 1];
    if (given === null) {
      numbers[at + place] = NaN;
      continue;
    }
    const value = keptValue(rules[place] ?? 'free', given);
    if (value === undefined) throw refusal([String(place + 1)], given);
    numbers[at + place] = value;
  }
}
