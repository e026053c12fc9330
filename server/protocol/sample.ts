/**
 * What an agent pushes: one sample or a batch, parsed once, here, into flat samples.
 * Rule I5 lives in `checkValue`: what is refused, what is clamped.
 */
import { z } from 'zod';
import { fieldInfo, instanceField, parseInstanceField } from './fields.ts';

/** Flat field name (`cpu`, `core:0:cpu`) → number. */
export type Values = Record<string, number>;

/** One measurement of one device. `t`: epoch milliseconds, UTC. */
export interface Sample {
  readonly t: number;
  readonly values: Values;
}

export const LIMITS = {
  /** A push, inflated. */
  bodyBytes: 1024 * 1024,
  samplesPerPush: 1000,
  fieldsPerSample: 4000,
  fieldName: 64,
  instanceName: 256,
  /** No counter of bytes, rates or events comes near; 1e308 is a broken sensor. */
  magnitude: 1e18,
} as const;

const FIELD = /^[A-Za-z][A-Za-z0-9_.-]*$/;
// eslint-disable-next-line no-control-regex -- control characters are just what must not be in a name
const CONTROL = /[\u0000-\u001f\u007f]/;

class BadValue extends Error {
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
type Rule = 'percent' | 'positive' | 'free';

function ruleFor(name: string): Rule {
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

/**
 * The wire's nested metrics → flat values. Numbers are scalars; objects are instances
 * (`{core: {"0": {cpu: 3}}}` → `core:0:cpu`); null is "not present here" and left out. An instance's number may
 * also stand flat under its whole name, which is how `disk:sda:read` goes beside the scalar `disk`.
 */
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

/** One pass of our own over the numbers: a schema would visit each of them again. */
const metrics = z.unknown().transform((input, context): Values => {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    context.issues.push({ code: 'custom', message: 'must be an object of numbers', input });
    return z.NEVER;
  }
  try {
    return flatten(input);
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    context.issues.push({ code: 'custom', message: error.message, path: [...error.path], input });
    return z.NEVER;
  }
});

/** ISO 8601 or epoch milliseconds → epoch milliseconds. */
export const timestamp = z.union([
  z.number().int().min(0).max(8.64e15),
  z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
]);

/** A sample's own time must be after 2000-01-01; how far ahead it may be is judged on arrival. */
const EARLIEST = Date.UTC(2000, 0, 1);
const sampleTime = timestamp.refine((t) => t >= EARLIEST, 'is before the year 2000');

const text = (most: number) => z.string().min(1).max(most);

/** What an agent knows of its machine once, at its start. */
export const inventory = z.object({
  os_name: text(120).optional(),
  os_version: text(120).optional(),
  kernel: text(120).optional(),
  arch: text(40).optional(),
  cpu_model: text(200).optional(),
  cpu_cores: z.number().int().positive().optional(),
  cpu_threads: z.number().int().positive().optional(),
  memory_bytes: z.number().positive().optional(),
  manufacturer: text(120).optional(),
  model: text(120).optional(),
  virtual: z.boolean().optional(),
  boot_time: z.number().optional(),
  agent_version: text(40).optional(),
});
export type Inventory = z.infer<typeof inventory>;

const envelope = {
  device_id: text(128),
  hostname: text(255),
  ip: z.string().max(64),
  /** When the agent sent this, by its own clock. */
  sent_at: timestamp.optional(),
  /** Seconds between its pushes, as the agent now does it; F1 counts by it. */
  interval_s: z.number().min(1).max(3600).optional(),
  inventory: inventory.optional(),
  /** Samples lost on the agent since its last push (spool full). */
  dropped: z.number().int().min(0).optional(),
};

const single = z
  .object({ ...envelope, metrics, timestamp: sampleTime })
  .transform(({ metrics: values, timestamp: t, ...rest }) => ({ ...rest, samples: [{ t, values }] }));

const batch = z.object({
  ...envelope,
  samples: z
    .array(
      z
        .object({ timestamp: sampleTime, metrics })
        .transform(({ timestamp: t, metrics: values }) => ({ t, values })),
    )
    .min(1)
    .max(LIMITS.samplesPerPush),
});

/** A push as parsed: always a batch. */
export type Push = z.infer<typeof batch>;

/**
 * The body of `POST /metrics`, already JSON-parsed → a push, or the issues of the shape it was meant to be
 * (a body with `samples` is a batch, any other the blueprint's single sample).
 */
export function parsePush(body: unknown): z.ZodSafeParseResult<Push> {
  const isBatch = typeof body === 'object' && body !== null && 'samples' in body;
  return isBatch ? batch.safeParse(body) : single.safeParse(body);
}

/** The answer to a push: what was taken, and how the agent should go on. */
export const pushReply = z.object({
  accepted: z.number().int(),
  duplicates: z.number().int(),
  /** Seconds between pushes from now on. */
  interval_s: z.number().positive(),
  /** Seconds between the samples inside them. */
  sample_s: z.number().positive(),
});
export type PushReply = z.infer<typeof pushReply>;
