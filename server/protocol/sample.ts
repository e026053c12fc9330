/**
 * Parses the body of a push. A body has one of three forms: one sample (the blueprint's form), a batch of
 * samples as objects, or a batch in columns, which Watchfloor's agent sends:
 *
 *     {…, "fields": ["cpu", "core:0:cpu"], "rows": [[1767225600000, 3.5, null], …]}
 *
 * A row is the sample's time, then one value per field; null means "not known this time".
 */
import { z } from 'zod';
import {
  BadValue,
  checkFields,
  checkLength,
  copyRow,
  createMetricsParser,
  type Layout,
  type ParseMetrics,
  type Values,
} from './metrics.ts';

export type { Layout, Values } from './metrics.ts';

/**
 * The numbers of one sample inside the buffer that all samples of its push share: the value of the field
 * `layout.names[i]` is `numbers[offset + i]`, NaN when it is not known.
 */
export interface Row {
  readonly layout: Layout;
  readonly numbers: Float64Array;
  readonly offset: number;
}

/** One measurement of one device. `t`: epoch milliseconds, UTC. */
export interface Sample {
  readonly t: number;
  /**
   * Values by flat field name. For a sample with a `row`, made on first use: too slow to be used on every
   * push.
   */
  readonly values: Values;
  /** The sample's numbers, where it was sent in columns. */
  readonly row?: Row;
}

/**
 * One value of a sample, fast enough to be used on every push; undefined where the sample lacks the field.
 */
export function fieldValue(sample: Sample, name: string): number | undefined {
  const { row } = sample;
  if (row === undefined) return sample.values[name];
  const column = row.layout.columns.get(name);
  const value = column === undefined ? NaN : (row.numbers[row.offset + column] ?? NaN);
  return Number.isNaN(value) ? undefined : value;
}

/**
 * The names of a sample's fields, fast enough to be used on every push. For a sample with a `row`, fields
 * whose value is not known are included.
 */
export function fieldNames(sample: Sample): readonly string[] {
  return sample.row?.layout.names ?? Object.keys(sample.values);
}

class RowSample implements Sample {
  readonly t: number;
  readonly row: Row;
  #values: Values | undefined;

  constructor(t: number, row: Row) {
    this.t = t;
    this.row = row;
  }

  get values(): Values {
    return (this.#values ??= this.#valuesByName());
  }

  #valuesByName(): Values {
    const { layout, numbers, offset } = this.row;
    const known = layout.names.flatMap((name, column): [string, number][] => {
      const value = numbers[offset + column] ?? NaN;
      return Number.isNaN(value) ? [] : [[name, value]];
    });
    return Object.fromEntries(known);
  }
}

/** Makes a sample of a row of numbers. `t`: epoch milliseconds. */
export function rowSample(t: number, row: Row): Sample {
  return new RowSample(t, row);
}

/** A copy of the sample with the time `t`, epoch milliseconds. */
export function atTime(sample: Sample, t: number): Sample {
  return sample.row === undefined ? { t, values: sample.values } : new RowSample(t, sample.row);
}

export const LIMITS = {
  /** The size of a push after decompression. */
  bodyBytes: 1024 * 1024,
  samplesPerPush: 1000,
} as const;

/** The latest time a Date can hold, epoch milliseconds. */
const LATEST_MS = 8.64e15;

/** Accepts ISO 8601 or epoch milliseconds; the output is epoch milliseconds. */
export const timestamp = z.union([
  z.number().int().min(0).max(LATEST_MS),
  z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
]);

/**
 * A sample's time must not be before 2000-01-01. How far ahead it may be is checked on arrival, in the
 * ingest.
 */
const EARLIEST_MS = Date.UTC(2000, 0, 1);
const sampleTime = timestamp.refine((t) => t >= EARLIEST_MS, 'is before the year 2000');

const text = (maxChars: number) => z.string().min(1).max(maxChars);

/** Facts about the machine that the agent reads once, when it starts. */
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

const envelope = z.object({
  device_id: text(128),
  hostname: text(255),
  ip: z.string().max(64),
  /** When the agent sent the push, by the agent's clock. */
  sent_at: timestamp.optional(),
  /**
   * [F4] A random text that the agent makes when it starts. When an earlier one comes again after another one, two
   * agents push as one device.
   */
  run_id: text(64).optional(),
  /** Seconds between the agent's pushes at present; the online window (F1) depends on it. */
  interval_s: z.number().min(1).max(3600).optional(),
  inventory: inventory.optional(),
  /** How many samples the agent dropped since its last push because its spool was full. */
  dropped: z.number().int().min(0).optional(),
});

// metrics.ts checks the numbers in one pass; if the schema described them, zod would visit each of them as
// well.
const wireSample = { timestamp: sampleTime, metrics: z.unknown() };
const single = envelope.extend(wireSample);
const batch = envelope.extend({
  samples: z.array(z.object(wireSample)).min(1).max(LIMITS.samplesPerPush),
});
const wireRow = z.custom<readonly unknown[]>(
  Array.isArray,
  'must be a list: the time, then one value per field',
);
const columns = envelope.extend({
  fields: z.unknown(),
  rows: z.array(wireRow).min(1).max(LIMITS.samplesPerPush),
});

/** The form of a push's body. */
export type PushForm = 'single' | 'batch' | 'columns';

/** A parsed push, the same for every form of body. */
export interface Push extends z.infer<typeof envelope> {
  readonly form: PushForm;
  /** At least one sample, in the order of the body. */
  readonly samples: readonly Sample[];
}

export type ParsedPush =
  | { readonly success: true; readonly data: Push; readonly error?: undefined }
  | { readonly success: false; readonly data?: undefined; readonly error: z.ZodError };

type Path = readonly (string | number)[];

/** The path of the time of the sample `index` in a body of this form: `samples.3.timestamp`. */
export function timePath(form: PushForm, index: number): string {
  if (form === 'single') return 'timestamp';
  return form === 'batch' ? `samples.${index}.timestamp` : `rows.${index}.0`;
}

/**
 * Runs `parse`.
 * @throws z.ZodError for a BadValue that `parse` throws, with `path` before the BadValue's own path
 */
function withPath<T>(path: Path, input: unknown, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    const { message } = error;
    throw new z.ZodError([{ code: 'custom', message, path: [...path, ...error.path], input }]);
  }
}

/** The time of a row. The schema is slow, so it only sees what is not a valid number. @throws z.ZodError */
function rowTime(time: unknown, path: Path): number {
  if (typeof time === 'number' && Number.isInteger(time) && time >= EARLIEST_MS && time <= LATEST_MS)
    return time;
  const parsed = sampleTime.safeParse(time);
  if (parsed.success) return parsed.data;
  throw new z.ZodError(parsed.error.issues.map((issue) => ({ ...issue, path: [...path, ...issue.path] })));
}

/** Makes samples of the rows of a push. Their numbers share one buffer. @throws z.ZodError */
function parseRows(rows: readonly (readonly unknown[])[], layout: Layout): Sample[] {
  const width = layout.names.length;
  // Before the buffer is made: thousands of fields and a thousand empty rows are a small body.
  for (const [index, row] of rows.entries()) withPath(['rows', index], row, () => checkLength(row, layout));
  const numbers = new Float64Array(rows.length * width);
  return rows.map((row, index) => {
    const offset = index * width;
    withPath(['rows', index], row, () => copyRow(row, layout, numbers, offset));
    return rowSample(rowTime(row[0], ['rows', index, 0]), { layout, numbers, offset });
  });
}

function parseObject(
  { timestamp: t, metrics }: { readonly timestamp: number; readonly metrics?: unknown },
  path: Path,
  parseMetrics: ParseMetrics,
): Sample {
  return { t, values: withPath([...path, 'metrics'], metrics, () => parseMetrics(metrics)) };
}

/** @throws z.ZodError */
function parseForm(body: unknown, layoutOf: (fields: unknown) => Layout, parseMetrics: ParseMetrics): Push {
  const isObject = typeof body === 'object' && body !== null;
  if (isObject && 'rows' in body) {
    const { fields, rows, ...rest } = columns.parse(body);
    const layout = withPath(['fields'], fields, () => layoutOf(fields));
    return { ...rest, form: 'columns', samples: parseRows(rows, layout) };
  }
  if (isObject && 'samples' in body) {
    const { samples, ...rest } = batch.parse(body);
    const parsed = samples.map((sample, index) => parseObject(sample, ['samples', index], parseMetrics));
    return { ...rest, form: 'batch', samples: parsed };
  }
  const { timestamp: t, metrics, ...rest } = single.parse(body);
  return { ...rest, form: 'single', samples: [parseObject({ timestamp: t, metrics }, [], parseMetrics)] };
}

/**
 * Checks the JSON-parsed body of `POST /metrics`. A body with `rows` is read as columns, one with `samples`
 * as a batch of objects, any other as one sample.
 * @returns the push, which refers to parts of `body`, or zod's issues with the form that the body was read as
 * @param layoutOf checks a `fields` list; a caller that remembers checked lists passes its own function
 * @param parseMetrics reads the `metrics` of a sample; a caller that keeps one has each name checked once
 */
export function parsePush(
  body: unknown,
  layoutOf: (fields: unknown) => Layout = checkFields,
  parseMetrics: ParseMetrics = createMetricsParser(),
): ParsedPush {
  try {
    return { success: true, data: parseForm(body, layoutOf, parseMetrics) };
  } catch (error) {
    if (error instanceof z.ZodError) return { success: false, error };
    throw error;
  }
}

/** The shortest and the longest time between pushes that a server asks its agents for, in seconds. */
export const ASKED_INTERVAL_S = { least: 1, most: 300 } as const;

/** The reply to a push: how many samples were accepted, and how often the agent is to sample and push. */
export const pushReply = z.object({
  accepted: z.number().int().min(0),
  /** Samples of the push that the server had before. With `accepted`, every sample of the push is counted. */
  duplicates: z.number().int().min(0),
  /** Seconds between the agent's pushes from now on. */
  interval_s: z.number().min(ASKED_INTERVAL_S.least).max(ASKED_INTERVAL_S.most),
  /** Seconds between the samples inside a push. */
  sample_s: z.number().min(0.1).max(ASKED_INTERVAL_S.most),
  /** [F4] Another agent that pushes as the same device: its data folder, or this one's, is a copy. */
  other_agent: z.object({ hostname: z.string(), ip: z.string() }).optional(),
});
export type PushReply = z.infer<typeof pushReply>;
