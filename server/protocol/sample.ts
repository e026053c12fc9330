/** What an agent pushes: one sample or a batch, parsed once, here, into flat samples. */
import { z } from 'zod';
import { BadValue, parseMetrics, type Values } from './metrics.ts';

export type { Values } from './metrics.ts';

/** Which field stands where in the rows of a device. */
export interface Layout {
  readonly names: readonly string[];
  readonly places: ReadonlyMap<string, number>;
}

/** One measurement of one device. `t`: epoch milliseconds, UTC. */
export interface Sample {
  readonly t: number;
  readonly values: Values;
  /** The same numbers in a row, where they were read as one; `values` is then made when somebody asks for it. */
  readonly row?: { readonly layout: Layout; readonly numbers: Float64Array };
}

/** One number of a sample, for what looks at every push. */
export function fieldValue(sample: Sample, name: string): number | undefined {
  const { row } = sample;
  return row === undefined ? sample.values[name] : row.numbers[row.layout.places.get(name) ?? -1];
}

/** The names of a sample's fields, for what looks at every push. */
export function fieldNames(sample: Sample): readonly string[] {
  return sample.row?.layout.names ?? Object.keys(sample.values);
}

export const LIMITS = {
  /** A push, inflated. */
  bodyBytes: 1024 * 1024,
  samplesPerPush: 1000,
} as const;

/** What a Date can be. */
const LATEST = 8.64e15;

/** Whether a number is a time, as the schema has it: whole epoch milliseconds. */
export const isTime = (t: number) => Number.isInteger(t) && t >= 0 && t <= LATEST;

/** ISO 8601 or epoch milliseconds → epoch milliseconds. */
export const timestamp = z.union([
  z.number().int().min(0).max(LATEST),
  z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
]);

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

/** A sample's own time must be after 2000-01-01; how far ahead it may be is judged on arrival. */
const EARLIEST = Date.UTC(2000, 0, 1);
const sampleTime = timestamp.refine((t) => t >= EARLIEST, 'is before the year 2000');

/** Whether a number may be a sample's time, as the schema has it. */
export const isSampleTime = (t: number) => isTime(t) && t >= EARLIEST;

/** The numbers are left to `parseMetrics`, one pass of our own: a schema would visit each of them again. */
const wireSample = { timestamp: sampleTime, metrics: z.unknown() };
const single = z.object({ ...envelope, ...wireSample });
const batch = z.object({
  ...envelope,
  samples: z.array(z.object(wireSample)).min(1).max(LIMITS.samplesPerPush),
});

/** A push as parsed: always a batch. */
export interface Push extends Omit<z.infer<typeof batch>, 'samples'> {
  readonly samples: Sample[];
}

export type ParsedPush =
  | { readonly success: true; readonly data: Push; readonly error?: undefined }
  | { readonly success: false; readonly data?: undefined; readonly error: z.ZodError };

interface WireSample {
  readonly timestamp: number;
  readonly metrics?: unknown;
}

/** `path`: where the sample stands in the body. @throws z.ZodError */
function parseSample({ timestamp: t, metrics }: WireSample, path: readonly (string | number)[]): Sample {
  try {
    return { t, values: parseMetrics(metrics) };
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    const { message } = error;
    throw new z.ZodError([
      { code: 'custom', message, path: [...path, 'metrics', ...error.path], input: metrics },
    ]);
  }
}

function parseBatch(body: unknown): ParsedPush {
  const parsed = batch.safeParse(body);
  if (!parsed.success) return { success: false, error: parsed.error };
  const { data } = parsed;
  return {
    success: true,
    data: { ...data, samples: data.samples.map((sample, i) => parseSample(sample, ['samples', i])) },
  };
}

function parseSingle(body: unknown): ParsedPush {
  const parsed = single.safeParse(body);
  if (!parsed.success) return { success: false, error: parsed.error };
  const { timestamp: t, metrics, ...rest } = parsed.data;
  return { success: true, data: { ...rest, samples: [parseSample({ timestamp: t, metrics }, [])] } };
}

/**
 * The body of `POST /metrics`, already JSON-parsed → a push, or the issues of the shape it was meant to be
 * (a body with `samples` is a batch, any other the blueprint's single sample). The push keeps parts of the body.
 */
export function parsePush(body: unknown): ParsedPush {
  try {
    return typeof body === 'object' && body !== null && 'samples' in body
      ? parseBatch(body)
      : parseSingle(body);
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
