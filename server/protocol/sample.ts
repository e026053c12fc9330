/**
 * What a device pushes, parsed once, here. Three forms of a body mean the same: one sample (the blueprint's), a batch
 * of samples as objects, and a batch in columns, which is the agent's own:
 *
 *     {…, "fields": ["cpu", "core:0:cpu"], "rows": [[1767225600000, 3.5, null], …]}
 *
 * A row is the sample's time and one value a field; null means "not known this time".
 */
import { z } from 'zod';
import {
  BadValue,
  checkFields,
  copyRow,
  createMetricsParser,
  type Layout,
  type ParseMetrics,
  type Values,
} from './metrics.ts';

export type { Layout, Values } from './metrics.ts';

/** The numbers of one sample within those of its push: the value of place `p` is `numbers[from + p]`, NaN if unknown. */
export interface Row {
  readonly layout: Layout;
  readonly numbers: Float64Array;
  readonly from: number;
}

/** One measurement of one device. `t`: epoch milliseconds, UTC. */
export interface Sample {
  readonly t: number;
  /** Values by flat field name. Of a sample that came as a row, made when somebody asks: for pages, not for every push. */
  readonly values: Values;
  /** Where the sample came as a row of numbers. */
  readonly row?: Row;
}

/** One value of a sample, for what looks at every push; undefined where the sample has no such field. */
export function fieldValue(sample: Sample, name: string): number | undefined {
  const { row } = sample;
  if (row === undefined) return sample.values[name];
  const place = row.layout.places.get(name);
  const value = place === undefined ? NaN : (row.numbers[row.from + place] ?? NaN);
  return Number.isNaN(value) ? undefined : value;
}

/** The names of a sample's fields, for what looks at every push; of a row also those whose value is not known. */
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
    return (this.#values ??= this.#named());
  }

  #named(): Values {
    const { layout, numbers, from } = this.row;
    const known = layout.names.flatMap((name, place): [string, number][] => {
      const value = numbers[from + place] ?? NaN;
      return Number.isNaN(value) ? [] : [[name, value]];
    });
    return Object.fromEntries(known);
  }
}

/** A sample of a row of numbers. */
export function rowSample(t: number, row: Row): Sample {
  return new RowSample(t, row);
}

/** The same sample at another time. */
export function atTime(sample: Sample, t: number): Sample {
  return sample.row === undefined ? { t, values: sample.values } : new RowSample(t, sample.row);
}

export const LIMITS = {
  /** A push, inflated. */
  bodyBytes: 1024 * 1024,
  samplesPerPush: 1000,
} as const;

/** What a Date can be. */
const LATEST = 8.64e15;

/** ISO 8601 or epoch milliseconds → epoch milliseconds. */
export const timestamp = z.union([
  z.number().int().min(0).max(LATEST),
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

const envelope = z.object({
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
});

// The numbers are left to metrics.ts, which passes over them once: a schema would visit each of them again.
const wireSample = { timestamp: sampleTime, metrics: z.unknown() };
const single = envelope.extend(wireSample);
const batch = envelope.extend({
  samples: z.array(z.object(wireSample)).min(1).max(LIMITS.samplesPerPush),
});
const wireRow = z.custom<readonly unknown[]>(
  Array.isArray,
  'must be a list: the time, then one value a field',
);
const columns = envelope.extend({
  fields: z.unknown(),
  rows: z.array(wireRow).min(1).max(LIMITS.samplesPerPush),
});

/** Which of the three forms a body has. */
export type PushForm = 'single' | 'batch' | 'columns';

/** A push as parsed, whatever its form. */
export interface Push extends z.infer<typeof envelope> {
  readonly form: PushForm;
  /** At least one, in the order of the body. */
  readonly samples: readonly Sample[];
}

export type ParsedPush =
  | { readonly success: true; readonly data: Push; readonly error?: undefined }
  | { readonly success: false; readonly data?: undefined; readonly error: z.ZodError };

type Path = readonly (string | number)[];

/** Where a sample's time stands in a body of this form: `samples.3.timestamp`. */
export function timePath(form: PushForm, index: number): string {
  if (form === 'single') return 'timestamp';
  return form === 'batch' ? `samples.${index}.timestamp` : `rows.${index}.0`;
}

/** Runs `parse`; what it finds wrong is at `path` of the body. @throws z.ZodError */
function at<T>(path: Path, input: unknown, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    const { message } = error;
    throw new z.ZodError([{ code: 'custom', message, path: [...path, ...error.path], input }]);
  }
}

/** A row's time. Nearly always it is a number that the schema would take. @throws z.ZodError */
function rowTime(given: unknown, path: Path): number {
  if (typeof given === 'number' && Number.isInteger(given) && given >= EARLIEST && given <= LATEST)
    return given;
  const parsed = sampleTime.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new z.ZodError(parsed.error.issues.map((issue) => ({ ...issue, path: [...path, ...issue.path] })));
}

/** The rows of a push share one buffer. */
function parseRows(rows: readonly (readonly unknown[])[], layout: Layout): Sample[] {
  const width = layout.names.length;
  const numbers = new Float64Array(rows.length * width);
  return rows.map((row, index) => {
    const from = index * width;
    at(['rows', index], row, () => copyRow(row, layout, numbers, from));
    return rowSample(rowTime(row[0], ['rows', index, 0]), { layout, numbers, from });
  });
}

function parseObject(
  { timestamp: t, metrics }: { readonly timestamp: number; readonly metrics?: unknown },
  path: Path,
  parseMetrics: ParseMetrics,
): Sample {
  return { t, values: at([...path, 'metrics'], metrics, () => parseMetrics(metrics)) };
}

/** @throws z.ZodError */
function parseForm(body: unknown, layoutOf: (fields: unknown) => Layout): Push {
  const isObject = typeof body === 'object' && body !== null;
  if (isObject && 'rows' in body) {
    const { fields, rows, ...rest } = columns.parse(body);
    const layout = at(['fields'], fields, () => layoutOf(fields));
    return { ...rest, form: 'columns', samples: parseRows(rows, layout) };
  }
  const parseMetrics = createMetricsParser();
  if (isObject && 'samples' in body) {
    const { samples, ...rest } = batch.parse(body);
    const parsed = samples.map((sample, index) => parseObject(sample, ['samples', index], parseMetrics));
    return { ...rest, form: 'batch', samples: parsed };
  }
  const { timestamp: t, metrics, ...rest } = single.parse(body);
  return { ...rest, form: 'single', samples: [parseObject({ timestamp: t, metrics }, [], parseMetrics)] };
}

/**
 * The body of `POST /metrics`, already JSON-parsed → a push, or the issues of the form it was meant to have (`rows`
 * make it columns, `samples` a batch of objects, anything else is one sample). The push keeps parts of the body.
 * @param layoutOf checks a `fields` list; who remembers lists hands in a cheaper one
 */
export function parsePush(body: unknown, layoutOf: (fields: unknown) => Layout = checkFields): ParsedPush {
  try {
    return { success: true, data: parseForm(body, layoutOf) };
  } catch (error) {
    if (error instanceof z.ZodError) return { success: false, error };
    throw error;
  }
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
