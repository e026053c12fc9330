/**
 * Parses the body of a push. A body has one of three forms: one sample (the blueprint's form), a batch of
 * samples as objects, or a batch in columns, which Watchfloor's agent sends:
 *
 *     {…, "fields": ["cpu", "core:0:cpu"], "rows": [[1767225600000, 3.5, null], …]}
 *
 * A row is the sample's time, then one value per field; null means "not known this time".
 *
 * [I7] A wrong name, number, time or optional part costs only itself: it is left out and noted. A push is
 * refused when its required parts are wrong, or when nothing in it is valid.
 */
import { z } from 'zod';
import { INSTANCE_CHARS } from './fields.ts';
import { declaredMark, readDeclarations, type Declarations } from './declarations.ts';
import { ignored, LeftOut, type Path } from './ignored.ts';
import {
  checkFields,
  copyRow,
  createMetricsParser,
  emptyValues,
  isRecord,
  rowProblem,
  type Layout,
  type ParseMetrics,
  type Values,
} from './metrics.ts';
import { MOST_PER_MACHINE, probeReport, probeVersion } from './probe-reports.ts';
import { readProcesses, type ProcessReport } from './processes.ts';
import { cleanText, text } from './text.ts';
import { LATEST_MS, timestamp } from './timestamp.ts';

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
    const values = emptyValues();
    for (const [column, name] of layout.names.entries()) {
      const value = numbers[offset + column] ?? NaN;
      if (!Number.isNaN(value)) values[name] = value;
    }
    return values;
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

/** Facts about the machine, which change seldom. */
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
  /** Of an agent that upgrades itself: which package it is, as `linux-x64`. */
  upgrades_as: text(40).optional(),
  /** The last version that it could not upgrade to, why, and when. */
  upgrade_failed: text(40).optional(),
  upgrade_problem: text(300).optional(),
  upgrade_failed_at: z.number().optional(),
  /** The images of the containers that run, by the name that their fields have. */
  containers: z
    .array(z.object({ name: text(INSTANCE_CHARS), image: text(300) }))
    .max(100)
    .optional(),
  /** What its probes found, in words. */
  probes: z.array(probeReport).max(MOST_PER_MACHINE).optional(),
  /** What the agent may probe, as in its settings. */
  probes_allowed: text(500).optional(),
});
export type Inventory = z.infer<typeof inventory>;

/** Text that is cut where it is too long. */
const cutText = (maxChars: number) => z.string().overwrite((long) => cleanText(long.slice(0, maxChars)));
const CUT_CHARS = { hostname: 255, ip: 64 } as const;

/**
 * What a push says besides its samples. Where one of these parts is wrong, the push is refused; `readOptionalParts`
 * reads those that a push can do without.
 */
export const pushEnvelope = z.object({
  device_id: z.string().min(1).max(128),
  hostname: cutText(CUT_CHARS.hostname).min(1),
  ip: cutText(CUT_CHARS.ip),
  /** When the agent sent the push, by the agent's clock. */
  sent_at: timestamp.optional(),
  /**
   * [F4] A random text that the agent makes when it starts. When an earlier one comes again after another one, two
   * agents push as one device.
   */
  run_id: text(64).optional(),
  /** [F4] The SHA-256, as hex, of the run id of this agent's start before: this one goes on in its place. */
  follows: text(64).optional(),
  /** [F4] The beginning of a hash of the machine's own id, to name it to people. */
  machine: text(16).optional(),
  /** Seconds between the agent's pushes at present; the online window (F1) depends on it. */
  interval_s: z.number().min(1).max(3600).optional(),
  /** A text that stands for all that the device has declared of its fields. */
  declared: declaredMark.optional(),
});
const droppedCount = z.number().int().min(0);

// The names, numbers and times of the samples are checked in one pass below; if the schema described them, zod
// would visit each of them as well, and one wrong number would refuse them all.
const batch = pushEnvelope.extend({ samples: z.array(z.unknown()).min(1).max(LIMITS.samplesPerPush) });
const columns = pushEnvelope.extend({
  fields: z.unknown(),
  rows: z.array(z.unknown()).min(1).max(LIMITS.samplesPerPush),
});

/** The form of a push's body. */
export type PushForm = 'single' | 'batch' | 'columns';

/** A parsed push, the same for every form of body. */
export interface Push extends z.infer<typeof pushEnvelope>, OptionalParts {
  readonly form: PushForm;
  /** At least one sample, in the order of the body. */
  readonly samples: readonly Sample[];
  /** The index in the body of each sample; undefined when no sample of the body was left out. */
  readonly places: readonly number[] | undefined;
  /** What was left out of the push; the ingest adds what it leaves out. */
  readonly leftOut: LeftOut;
}

/** The parts of a push that are left out when they are wrong. */
interface OptionalParts {
  readonly inventory?: Inventory;
  /** How many samples the agent dropped since its last push because its spool was full. */
  readonly dropped?: number;
  /** What the machine's processes did. */
  readonly processes?: readonly ProcessReport[];
  /** What the device's own fields mean. */
  readonly declarations?: Declarations;
}

export type ParsedPush =
  | { readonly success: true; readonly data: Push; readonly error?: undefined }
  | { readonly success: false; readonly data?: undefined; readonly error: z.ZodError };

/** The path of the time of the sample `index` in a body of this form: `samples.3.timestamp`. */
export function timePath(form: PushForm, index: number): Path {
  if (form === 'single') return ['timestamp'];
  return form === 'batch' ? ['samples', index, 'timestamp'] : ['rows', index, 0];
}

/** Epoch milliseconds; undefined for what is no time. The schema is slow, so it only sees what is no number. */
function timeOf(time: unknown): number | undefined {
  if (typeof time === 'number' && Number.isInteger(time) && time >= 0 && time <= LATEST_MS) return time;
  return timestamp.safeParse(time).data;
}
const NO_TIME = 'must be a time: ISO 8601 with its offset, or whole milliseconds since 1970';

/** The samples of a body that were taken, and their places in it. */
type Samples = Pick<Push, 'samples' | 'places'>;

/** Makes samples of the rows of a push. Their numbers share one buffer. */
function readRows(rows: readonly unknown[], layout: Layout, leftOut: LeftOut): Samples {
  const taken: { readonly row: readonly unknown[]; readonly t: number; readonly index: number }[] = [];
  // Before the buffer is made: thousands of fields and a thousand empty rows are a small body.
  for (const [index, row] of rows.entries()) {
    const problem = rowProblem(row, layout);
    if (problem !== undefined || !Array.isArray(row)) {
      leftOut.addSample(['rows', index], problem ?? '');
      continue;
    }
    const t = timeOf(row[0]);
    if (t === undefined) leftOut.addSample(timePath('columns', index), NO_TIME);
    else taken.push({ row, t, index });
  }
  const width = layout.names.length;
  const numbers = new Float64Array(taken.length * width);
  const samples = taken.map(({ row, t, index }, place) => {
    const offset = place * width;
    copyRow(row, layout, numbers, offset, ['rows', index], leftOut);
    return rowSample(t, { layout, numbers, offset });
  });
  return { samples, places: taken.length === rows.length ? undefined : taken.map(({ index }) => index) };
}

function leaveOut(leftOut: LeftOut, path: Path, reason: string): undefined {
  leftOut.addSample(path, reason);
  return undefined;
}

/** Makes a sample of an object with `timestamp` and `metrics` at `path`; undefined where it is left out. */
function readObject(
  sample: unknown,
  path: Path,
  parseMetrics: ParseMetrics,
  leftOut: LeftOut,
): Sample | undefined {
  if (!isRecord(sample)) return leaveOut(leftOut, path, 'must be an object');
  const { timestamp: time, metrics } = sample;
  const t = timeOf(time);
  if (t === undefined) return leaveOut(leftOut, [...path, 'timestamp'], NO_TIME);
  const metricsPath = [...path, 'metrics'];
  if (!isRecord(metrics)) return leaveOut(leftOut, metricsPath, 'must be an object of numbers');
  return { t, values: parseMetrics(metrics, metricsPath, leftOut) };
}

function readObjects(objects: readonly unknown[], parseMetrics: ParseMetrics, leftOut: LeftOut): Samples {
  const samples: Sample[] = [];
  const places: number[] = [];
  for (const [index, object] of objects.entries()) {
    const sample = readObject(object, ['samples', index], parseMetrics, leftOut);
    if (sample === undefined) continue;
    samples.push(sample);
    places.push(index);
  }
  return { samples, places: samples.length === objects.length ? undefined : places };
}

function hasValue({ row, values }: Sample): boolean {
  if (row === undefined) return Object.keys(values).length > 0;
  return row.numbers.subarray(row.offset, row.offset + row.layout.names.length).some((n) => !Number.isNaN(n));
}

/** @throws z.ZodError when something was left out and no value remains; it names the first wrong part */
function refuseNothingValid({ samples }: Samples, leftOut: LeftOut): void {
  if (!leftOut.isEmpty && !samples.some(hasValue)) throw leftOut.refusal();
}

/** The inventory without its wrong entries. */
function readInventory(input: unknown, leftOut: LeftOut): Inventory | undefined {
  const parsed = inventory.safeParse(input);
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues)
    leftOut.addAt(['inventory', ...path.map(String)], message);
  if (!isRecord(input)) return undefined;
  const wrong = new Set(parsed.error.issues.map(({ path: [entry] }) => entry));
  return inventory.parse(Object.fromEntries(Object.entries(input).filter(([entry]) => !wrong.has(entry))));
}

function readDropped(input: unknown, leftOut: LeftOut): number | undefined {
  const parsed = droppedCount.safeParse(input);
  if (!parsed.success) leftOut.addAt(['dropped'], 'must be a whole number from 0 up');
  return parsed.data;
}

function noteCut(part: 'hostname' | 'ip', sent: unknown, leftOut: LeftOut): void {
  const chars = CUT_CHARS[part];
  if (typeof sent === 'string' && sent.length > chars)
    leftOut.addAt([part], `is longer than ${chars} characters, and is cut`);
}

/** Reads the parts of the envelope that a push can do without, and notes what is wrong with them. */
function readOptionalParts(body: Readonly<Record<string, unknown>>, leftOut: LeftOut): OptionalParts {
  noteCut('hostname', body['hostname'], leftOut);
  noteCut('ip', body['ip'], leftOut);
  const {
    inventory: sentInventory,
    dropped: sentDropped,
    processes: sentProcesses,
    declarations: sentDeclarations,
  } = body;
  const found = sentInventory === undefined ? undefined : readInventory(sentInventory, leftOut);
  const dropped = sentDropped === undefined ? undefined : readDropped(sentDropped, leftOut);
  const processes = sentProcesses === undefined ? undefined : readProcesses(sentProcesses, leftOut);
  const declarations =
    sentDeclarations === undefined ? undefined : readDeclarations(sentDeclarations, leftOut);
  return {
    ...(declarations !== undefined && { declarations }),
    ...(found !== undefined && { inventory: found }),
    ...(dropped !== undefined && { dropped }),
    ...(processes !== undefined && { processes }),
  };
}

/** @throws z.ZodError */
function parseForm(input: unknown, layoutOf: (fields: unknown) => Layout, parseMetrics: ParseMetrics): Push {
  const leftOut = new LeftOut();
  const body = isRecord(input) ? input : {};
  const push = (form: PushForm, rest: z.infer<typeof pushEnvelope>, samples: Samples): Push => {
    refuseNothingValid(samples, leftOut);
    return { ...rest, ...readOptionalParts(body, leftOut), ...samples, form, leftOut };
  };
  if ('rows' in body) {
    const { fields, rows, ...rest } = columns.parse(input);
    const layout = layoutOf(fields);
    for (const part of layout.leftOut) leftOut.add(part);
    return push('columns', rest, readRows(rows, layout, leftOut));
  }
  if ('samples' in body) {
    const { samples, ...rest } = batch.parse(input);
    return push('batch', rest, readObjects(samples, parseMetrics, leftOut));
  }
  const rest = pushEnvelope.parse(input);
  const sample = readObject(body, [], parseMetrics, leftOut);
  return push('single', rest, { samples: sample === undefined ? [] : [sample], places: undefined });
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
  /**
   * Samples of the push that the server had before. With `accepted` and `ignored.samples`, every sample of the push is
   * counted.
   */
  duplicates: z.number().int().min(0),
  /** Seconds between the agent's pushes from now on. */
  interval_s: z.number().min(ASKED_INTERVAL_S.least).max(ASKED_INTERVAL_S.most),
  /** Seconds between the samples inside a push. */
  sample_s: z.number().min(0.1).max(ASKED_INTERVAL_S.most),
  /** [F4] Another agent that pushes as the same device: its data folder, or this one's, is a copy. */
  other_agent: z.object({ hostname: z.string(), ip: z.string() }).optional(),
  /** The server does not know what the push's `declared` stands for: the next one is to have the `declarations`. */
  declare: z.boolean().optional(),
  /**
   * [F4] An administrator has made the machine that this agent runs on a device of its own: the agent is to join as a
   * new device with this enrollment key, which is good for nothing else.
   */
  separate: z.object({ enrollment_key: z.string().min(1).max(200) }).optional(),
  /** [I7] What was left out of the push; absent when nothing was. */
  ignored: ignored.optional(),
  /** It is this agent's turn to upgrade itself to this version, which it fetches and checks itself [G6]. */
  upgrade: z
    .object({
      version: z
        .string()
        .regex(/^\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?$/)
        .max(40),
    })
    .optional(),
  /** The version of this machine's list of probes, which the agent fetches when it has another one; absent: no probes. */
  probes: probeVersion.optional(),
});
export type PushReply = z.infer<typeof pushReply>;
