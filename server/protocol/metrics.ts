/**
 * The numbers of one sample as they come on the wire → flat values. Rule I5 lives in `keptValue`: what is refused,
 * what is clamped.
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

/** What is wrong, and where in the metrics. */
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

/** What a field's values may be: a percentage, nothing negative, or any number. */
export type Rule = 'percent' | 'positive' | 'free';

/** The rule of a whole flat name. */
export function ruleFor(name: string): Rule {
  const unit = fieldInfo(name)?.unit;
  if (unit === undefined || unit === 'celsius') return 'free';
  return unit === 'percent' ? 'percent' : 'positive';
}

/** Names seen and found good, with their rules: the same few thousand come with every push. */
const MOST_KNOWN = 50_000;
const known = new Map<string, Rule>();

function remember(name: string): Rule {
  const rule = ruleFor(name);
  if (known.size < MOST_KNOWN) known.set(name, rule);
  return rule;
}

/** The rule of a scalar's name, or of an instance's written flat (`disk:sda:read`). */
function flatRule(key: string): Rule {
  const found = known.get(key);
  if (found !== undefined) return found;
  const parts = parseInstanceField(key);
  if (parts === undefined) checkName([key], key);
  else {
    checkName([key], parts.kind);
    checkInstance([key], parts.instance);
    checkName([key], parts.field);
  }
  return remember(key);
}

/** [I5] The value to keep: what cannot be has none, a percentage over 100 is 100. */
export function keptValue(rule: Rule, value: unknown): number | undefined {
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

/** Whether a sample is as most are: flat numbers under names seen before, nothing to clamp, leave out or refuse. */
function isFlat(metrics: Readonly<Record<string, unknown>>): metrics is Values {
  let count = 0;
  for (const name in metrics) {
    const rule = known.get(name);
    const value = metrics[name];
    if (rule === undefined || keptValue(rule, value) !== value) return false;
    count++;
  }
  return count <= LIMITS.fieldsPerSample;
}

/**
 * The wire's metrics, already JSON-parsed → flat values; the same object where it is flat already. Numbers are
 * scalars; objects are instances (`{core: {"0": {cpu: 3}}}` → `core:0:cpu`); null is "not present here" and left
 * out. An instance's number may also stand flat under its whole name, which is how `disk:sda:read` goes beside the
 * scalar `disk`.
 * @throws BadValue
 */
export function parseMetrics(metrics: unknown): Values {
  if (!isRecord(metrics)) throw new BadValue([], 'must be an object of numbers');
  return isFlat(metrics) ? metrics : flatten(metrics);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function flatten(metrics: object): Values {
  const values: Values = {};
  let count = 0;
  for (const [key, entry] of Object.entries(metrics)) {
    if (entry === null || entry === undefined) continue;
    if (typeof entry === 'object') {
      count += flattenKind(key, entry, values);
      continue;
    }
    const value = keptValue(flatRule(key), entry);
    if (value === undefined) throw refusal([key], entry);
    values[key] = value;
    count++;
  }
  if (count > LIMITS.fieldsPerSample)
    throw new BadValue([], `has ${count} fields; at most ${LIMITS.fieldsPerSample} are taken`);
  return values;
}

function flattenKind(kind: string, instances: object, values: Values): number {
  checkName([kind], kind);
  let count = 0;
  for (const [instance, fields] of Object.entries(instances)) {
    checkInstance([kind, instance.slice(0, 40)], instance);
    if (typeof fields !== 'object' || fields === null)
      throw new BadValue([kind, instance], 'must be an object of numbers');
    for (const [field, given] of Object.entries(fields)) {
      if (given === null) continue;
      const name = instanceField(kind, instance, field);
      let rule = known.get(name);
      if (rule === undefined) {
        checkName([kind, instance, field], field);
        rule = remember(name);
      }
      const value = keptValue(rule, given);
      if (value === undefined) throw refusal([kind, instance, field], given);
      values[name] = value;
      count++;
    }
  }
  return count;
}
