/**
 * Checks the field names and numbers of a push and turns them into values by flat field name. All forms of a
 * push share `checkField` for a name and `storableValue` for a number ([I5] which numbers are refused or
 * clamped).
 */
import { fieldInfo, instanceField, parseInstanceField } from './fields.ts';

/** Values by flat field name (`cpu`, `core:0:cpu`). */
export type Values = Record<string, number>;

const LIMITS = {
  fieldsPerSample: 4000,
  fieldNameChars: 64,
  instanceNameChars: 256,
  /** No real counter or rate comes near; a value such as 1e308 comes from a broken sensor. */
  magnitude: 1e18,
} as const;

const FIELD = /^[A-Za-z][A-Za-z0-9_.-]*$/;
// eslint-disable-next-line no-control-regex -- the pattern finds what a name must not have
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Says what is wrong with a refused name or number, and at which path of the metrics. */
export class BadValue extends Error {
  readonly path: readonly string[];
  constructor(path: readonly string[], message: string) {
    super(message);
    this.path = path;
  }
}

function checkName(path: readonly string[], name: string): void {
  if (name.length > LIMITS.fieldNameChars || !FIELD.test(name))
    throw new BadValue(path, 'a field name is a letter, then up to 63 letters, digits, "_", "-" or "."');
}

function checkInstance(path: readonly string[], instance: string): void {
  if (instance.length === 0 || instance.length > LIMITS.instanceNameChars || CONTROL.test(instance))
    throw new BadValue(path, 'an instance name is 1 to 256 printable characters');
}

function checkCount(count: number): void {
  if (count > LIMITS.fieldsPerSample)
    throw new BadValue([], `has ${count} fields; at most ${LIMITS.fieldsPerSample} are accepted`);
}

/** Which numbers a field takes: a percentage, any number from zero up, or any number. */
export type AllowedValues = 'percent' | 'from-zero' | 'any';

/**
 * Checks a flat name (`cpu`, `disk:sda:read`) and returns which numbers the field takes.
 * @param path the name's path in the metrics, for the error
 * @throws BadValue when the name is not a field name
 */
function checkField(name: string, path: readonly string[] = [name]): AllowedValues {
  const parts = parseInstanceField(name);
  if (parts === undefined) checkName(path, name);
  else {
    checkName(path, parts.kind);
    checkInstance(path, parts.instance);
    checkName(path, parts.field);
  }
  const unit = fieldInfo(name)?.unit;
  if (unit === undefined || unit === 'celsius') return 'any';
  return unit === 'percent' ? 'percent' : 'from-zero';
}

/** [I5] The value to store: 100 for a percentage over 100; undefined when the value must be refused. */
function storableValue(allowed: AllowedValues, value: unknown): number | undefined {
  if (typeof value !== 'number' || !(Math.abs(value) <= LIMITS.magnitude)) return undefined;
  if (allowed === 'any') return value;
  if (value < 0) return undefined;
  return allowed === 'percent' && value > 100 ? 100 : value;
}

/** The error for a value that `storableValue` refuses. */
function refusedValue(path: readonly string[], value: unknown): BadValue {
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

/** Turns the `metrics` of one sample into values. @throws BadValue naming the first wrong field */
export type ParseMetrics = (metrics: unknown) => Values;

/** How many checked names a parser remembers; past it, it forgets them and checks again. */
const MAX_CHECKED_NAMES = 50_000;

/**
 * Makes a parser for `metrics` objects; it checks each field name once for all samples and pushes.
 *
 * A number is a scalar; an object holds instances (`{core: {"0": {cpu: 3}}}` becomes `core:0:cpu`); null
 * means "not present here" and is left out. An instance's number may also be given under its full name:
 * `disk:sda:read` can only be sent that way beside the scalar `disk`.
 */
export function createMetricsParser(): ParseMetrics {
  const checked = new Map<string, AllowedValues>();
  const checkFirst = (name: string, path: readonly string[]): AllowedValues => {
    const allowed = checkField(name, path);
    if (checked.size >= MAX_CHECKED_NAMES) checked.clear();
    checked.set(name, allowed);
    return allowed;
  };

  /** Adds the values of all instances of one kind; returns how many there are. */
  function addInstances(values: Values, kind: string, instances: object): number {
    checkName([kind], kind);
    let count = 0;
    for (const [instance, fields] of Object.entries(instances)) {
      checkInstance([kind, instance.slice(0, 40)], instance);
      if (!isRecord(fields)) throw new BadValue([kind, instance], 'must be an object of numbers');
      for (const [field, input] of Object.entries(fields)) {
        if (input === null) continue;
        // In the joined name a colon of the field would count as part of the instance.
        if (field.includes(':')) checkName([kind, instance, field], field);
        const name = instanceField(kind, instance, field);
        // A path is made for a new name or an error only, not for every value.
        const allowed = checked.get(name) ?? checkFirst(name, [kind, instance, field]);
        const value = storableValue(allowed, input);
        if (value === undefined) throw refusedValue([kind, instance, field], input);
        values[name] = value;
        count++;
      }
    }
    return count;
  }

  return (metrics) => {
    if (!isRecord(metrics)) throw new BadValue([], 'must be an object of numbers');
    const values: Values = {};
    let count = 0;
    for (const [key, input] of Object.entries(metrics)) {
      if (input === null || input === undefined) continue;
      if (typeof input === 'object') count += addInstances(values, key, input);
      else {
        const value = storableValue(checked.get(key) ?? checkFirst(key, [key]), input);
        if (value === undefined) throw refusedValue([key], input);
        values[key] = value;
        count++;
      }
    }
    checkCount(count);
    return values;
  };
}

// --- samples as rows --------------------------------------------------------------------------------

/** The checked `fields` list of a push in columns. */
export interface Layout {
  readonly names: readonly string[];
  /** Field name to its index in `names`. */
  readonly columns: ReadonlyMap<string, number>;
  /** Which numbers each field takes, in the order of `names`. */
  readonly allowed: readonly AllowedValues[];
}

/** Checks the `fields` list of a push. @throws BadValue whose path is the index of the first wrong name */
export function checkFields(fields: unknown): Layout {
  if (!Array.isArray(fields)) throw new BadValue([], 'must be a list of field names');
  checkCount(fields.length);
  const names: string[] = [];
  const columns = new Map<string, number>();
  const allowed: AllowedValues[] = [];
  for (const [column, name] of fields.entries()) {
    const path = [String(column)];
    if (typeof name !== 'string') throw new BadValue(path, 'must be a field name');
    allowed.push(checkField(name, path));
    if (columns.has(name)) throw new BadValue(path, `"${name}" is in the list twice`);
    columns.set(name, column);
    names.push(name);
  }
  return { names, columns, allowed };
}

/** Checks that a row has the timestamp and one value per field. @throws BadValue */
export function checkLength(row: readonly unknown[], { names }: Layout): void {
  if (row.length !== names.length + 1)
    throw new BadValue(
      [],
      `has ${row.length} entries; the timestamp and ${names.length} values, one per field, are expected`,
    );
}

/**
 * Copies the values of one row into `numbers`, the first one to the index `offset`. A null ("not known this
 * time") becomes NaN.
 * @param row the timestamp, then one value per field; its length has been checked
 * @throws BadValue whose path is the index of the first wrong entry of the row
 */
export function copyRow(
  row: readonly unknown[],
  { allowed }: Layout,
  numbers: Float64Array,
  offset: number,
): void {
  const count = allowed.length;
  for (let column = 0; column < count; column++) {
    const input = row[column + 1];
    if (input === null) {
      numbers[offset + column] = NaN;
      continue;
    }
    const value = storableValue(allowed[column] ?? 'any', input);
    if (value === undefined) throw refusedValue([String(column + 1)], input);
    numbers[offset + column] = value;
  }
}
