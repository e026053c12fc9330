/**
 * Checks the field names and numbers of a push and turns them into values by flat field name. All forms of a
 * push share `nameProblem` for a name and `storableValue` for a number ([I5] which numbers are left out or
 * clamped). [I7] A wrong name or number is left out and noted; the rest is kept.
 */
import {
  fieldInfo,
  FIELDS_PER_SAMPLE,
  INSTANCE_CHARS,
  instanceField,
  isShare,
  parseInstanceField,
} from './fields.ts';
import { hasUnshown } from './text.ts';
import { refusal, type LeftOut, type LeftOutPart, type Path } from './ignored.ts';

/** Values by flat field name (`cpu`, `core:0:cpu`). */
export type Values = Record<string, number>;

/** An object without a prototype: a field may be called `constructor`, and `toString` is none that was sent. */
export function emptyValues(): Values {
  return Object.create(null);
}

const LIMITS = {
  fieldsPerSample: FIELDS_PER_SAMPLE,
  fieldNameChars: 64,
  instanceNameChars: INSTANCE_CHARS,
  /** No real counter or rate comes near; a value such as 1e308 comes from a broken sensor. */
  magnitude: 1e18,
} as const;

const FIELD = /^[A-Za-z][A-Za-z0-9_.-]*$/;

function wordProblem(word: string): string | undefined {
  if (word.length <= LIMITS.fieldNameChars && FIELD.test(word)) return undefined;
  return 'a field name is a letter, then up to 63 letters, digits, "_", "-" or "."';
}

function instanceProblem(instance: string): string | undefined {
  if (instance.length > 0 && instance.length <= LIMITS.instanceNameChars && !hasUnshown(instance))
    return undefined;
  return 'an instance name is 1 to 256 printable characters';
}

/** Why a flat name (`cpu`, `disk:sda:read`) is no field name; undefined for one that is. */
export function nameProblem(name: string): string | undefined {
  const parts = parseInstanceField(name);
  if (parts === undefined) return wordProblem(name);
  return wordProblem(parts.kind) ?? instanceProblem(parts.instance) ?? wordProblem(parts.field);
}

/** @throws z.ZodError when a sample has so many fields that its push is refused as a whole */
function checkCount(count: number, path: Path): void {
  if (count > LIMITS.fieldsPerSample)
    throw refusal(path, `has ${count} fields; at most ${LIMITS.fieldsPerSample} are accepted`);
}

/** Which numbers a field takes: a percentage, any number from zero up, or any number. */
export type AllowedValues = 'percent' | 'from-zero' | 'any';

/** Which numbers the field of this flat name takes. */
function allowedValues(name: string): AllowedValues {
  const info = fieldInfo(name);
  if (info === undefined || info.unit === 'celsius') return 'any';
  return isShare(name) ? 'percent' : 'from-zero';
}

/** [I5] The value to store: 100 for a percentage over 100; undefined when the value must be left out. */
function storableValue(allowed: AllowedValues, value: unknown): number | undefined {
  if (typeof value !== 'number' || !(Math.abs(value) <= LIMITS.magnitude)) return undefined;
  if (allowed === 'any') return value;
  if (value < 0) return undefined;
  return allowed === 'percent' && value > 100 ? 100 : value;
}

/** Why `storableValue` leaves a value out. */
function valueProblem(value: unknown): string {
  if (typeof value !== 'number' || !Number.isFinite(value)) return 'must be a finite number';
  if (Math.abs(value) > LIMITS.magnitude) return `is out of range: at most ${LIMITS.magnitude}`;
  return 'must not be negative';
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// --- samples as objects -----------------------------------------------------------------------------

/** Returns why a valid name is left out; undefined for one that is kept. */
export type Refuse = (name: string) => string | undefined;

const refuseNone: Refuse = () => undefined;

/**
 * Turns the `metrics` of one sample, which are at `path` in the body, into values. What is wrong is left out.
 * @throws z.ZodError when there are too many fields
 */
export type ParseMetrics = (
  metrics: Readonly<Record<string, unknown>>,
  path: Path,
  leftOut: LeftOut,
  refuse?: Refuse,
) => Values;

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

  function checkFirst(name: string): AllowedValues | undefined {
    if (nameProblem(name) !== undefined) return undefined;
    if (checked.size >= MAX_CHECKED_NAMES) checked.clear();
    const allowed = allowedValues(name);
    checked.set(name, allowed);
    return allowed;
  }

  /** Adds a value; returns why it is left out instead, undefined for a value that was added. */
  function addValue(values: Values, name: string, input: unknown, refuse: Refuse): string | undefined {
    const allowed = checked.get(name) ?? checkFirst(name);
    if (allowed === undefined) return nameProblem(name);
    const value = storableValue(allowed, input);
    if (value === undefined) return valueProblem(input);
    const refused = refuse(name);
    if (refused !== undefined) return refused;
    values[name] = value;
    return undefined;
  }

  /** Adds the values of all instances of one kind; returns how many there were, those left out included. */
  function addInstances(
    values: Values,
    kind: string,
    instances: object,
    path: Path,
    leftOut: LeftOut,
    refuse: Refuse,
  ): number {
    const kindProblem = wordProblem(kind);
    if (kindProblem !== undefined) {
      leftOut.add({ field: kind, reason: kindProblem, path: [...path, kind] });
      return 1;
    }
    let count = 0;
    for (const [instance, fields] of Object.entries(instances)) {
      const problem =
        instanceProblem(instance) ?? (isRecord(fields) ? undefined : 'must be an object of numbers');
      if (problem !== undefined) {
        leftOut.add({ field: `${kind}:${instance}`, reason: problem, path: [...path, kind, instance] });
        count++;
        continue;
      }
      for (const [field, input] of Object.entries(fields)) {
        if (input === null) continue;
        count++;
        const name = instanceField(kind, instance, field);
        // In the joined name a colon of the field would count as part of the instance.
        const reason = field.includes(':') ? wordProblem(field) : addValue(values, name, input, refuse);
        if (reason !== undefined)
          leftOut.add({ field: name, reason, path: [...path, kind, instance, field] });
      }
    }
    return count;
  }

  return (metrics, path, leftOut, refuse = refuseNone) => {
    const values = emptyValues();
    let count = 0;
    for (const [key, input] of Object.entries(metrics)) {
      if (input === null || input === undefined) continue;
      if (typeof input === 'object') count += addInstances(values, key, input, path, leftOut, refuse);
      else {
        const reason = addValue(values, key, input, refuse);
        if (reason !== undefined) leftOut.add({ field: key, reason, path: [...path, key] });
        count++;
      }
    }
    checkCount(count, path);
    return values;
  };
}

// --- samples as rows --------------------------------------------------------------------------------

/** The checked `fields` list of a push in columns. */
export interface Layout {
  /** The names of the list that are valid, each once. */
  readonly names: readonly string[];
  /** Field name to its index in `names`. */
  readonly columns: ReadonlyMap<string, number>;
  /** Which numbers each field takes, in the order of `names`. */
  readonly allowed: readonly AllowedValues[];
  /** The list as it was sent: a row has its time, then one entry for each. */
  readonly sent: readonly unknown[];
  /** The index in `sent` of each name; undefined where the list is sent without anything wrong. */
  readonly places: readonly number[] | undefined;
  /** The entries of `sent` that are no names, or that an earlier entry named already. */
  readonly leftOut: readonly LeftOutPart[];
}

/**
 * Checks the `fields` list of a push.
 * @throws z.ZodError when it is no list, or too long
 */
export function checkFields(fields: unknown, refuse = refuseNone): Layout {
  if (!Array.isArray(fields)) throw refusal(['fields'], 'must be a list of field names');
  checkCount(fields.length, ['fields']);
  const sent: readonly unknown[] = fields;
  const names: string[] = [];
  const places: number[] = [];
  const columns = new Map<string, number>();
  const leftOut: LeftOutPart[] = [];
  for (const [place, name] of sent.entries()) {
    const problem = typeof name === 'string' ? (nameProblem(name) ?? refuse(name)) : 'must be a field name';
    const path = ['fields', place];
    if (typeof name !== 'string' || problem !== undefined)
      leftOut.push({ field: typeof name === 'string' ? name : path.join('.'), reason: problem ?? '', path });
    else if (columns.has(name))
      leftOut.push({ field: name, reason: 'is in the list twice; the first one is kept', path });
    else {
      columns.set(name, names.length);
      names.push(name);
      places.push(place);
    }
  }
  const isWhole = leftOut.length === 0;
  return {
    names,
    columns,
    allowed: names.map(allowedValues),
    sent: isWhole ? names : sent,
    places: isWhole ? undefined : places,
    leftOut,
  };
}

/** Why a row does not fit the list of fields; undefined for one that does. */
export function rowProblem(row: unknown, { sent }: Layout): string | undefined {
  if (!Array.isArray(row)) return 'must be a list: the time, then one value per field';
  if (row.length === sent.length + 1) return undefined;
  return `has ${row.length} entries; the timestamp and ${sent.length} values, one per field, are expected`;
}

/**
 * Copies the values of one row into `numbers`, the first one to the index `offset`. A null ("not known this
 * time") becomes NaN, and so does a wrong number, which is noted.
 * @param row the timestamp, then one value per field; its length has been checked
 * @param path of the row in the body
 */
export function copyRow(
  row: readonly unknown[],
  { names, allowed, places }: Layout,
  numbers: Float64Array,
  offset: number,
  path: Path,
  leftOut: LeftOut,
): void {
  const count = allowed.length;
  for (let column = 0; column < count; column++) {
    const place = places === undefined ? column : (places[column] ?? 0);
    const input = row[place + 1];
    if (input === null) {
      numbers[offset + column] = NaN;
      continue;
    }
    const value = storableValue(allowed[column] ?? 'any', input);
    numbers[offset + column] = value ?? NaN;
    if (value === undefined)
      leftOut.add({
        field: names[column] ?? '',
        reason: valueProblem(input),
        path: [...path, place + 1],
      });
  }
}
