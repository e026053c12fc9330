/** One sample inside the agent, and the line of JSON that it is in a file. */
import { instanceField } from '#protocol/fields.ts';
import { processReport } from '#protocol/processes.ts';
import type { Fields } from '../collectors/collector.ts';
import type { SentReport } from '../collectors/top-processes/top-processes.ts';
import type { ClockSetting } from './clock.ts';

export interface Sample {
  /** When it was taken, in epoch milliseconds by the wall clock as it was set then. */
  readonly t: number;
  readonly fields: Fields;
  /** What the wall clock was set to; not known of a sample that an earlier version took. */
  readonly clock?: ClockSetting;
  /** What the processes did up to then; part of few samples. */
  readonly processes?: SentReport;
}

/**
 * The sample as one line of JSON, without the line's end:
 * `{"timestamp":1767225600000,"boot":"e6eafa6c-…","booted_at":1767139200000,"metrics":{"cpu":3.5}}`.
 */
export function toLine({ t, fields, clock, processes }: Sample): string {
  const { boot, bootedAt: booted_at } = clock ?? {};
  return JSON.stringify({ timestamp: t, boot, booted_at, processes, metrics: fields });
}

/** The part of a line about processes; its time is the sample's. */
const report = processReport.omit({ at: true });

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/**
 * Metrics as a file has them → flat fields. Earlier versions of the agent wrote instances nested
 * (`{"core":{"0":{"cpu":3}}}` for `core:0:cpu`). What is not a finite number is left out.
 */
function flatFields(metrics: Readonly<Record<string, unknown>>): Fields {
  const fields: Fields = {};
  const add = (name: string, value: unknown) => {
    if (typeof value === 'number' && Number.isFinite(value)) fields[name] = value;
  };
  for (const [key, value] of Object.entries(metrics)) {
    if (!isObject(value)) {
      add(key, value);
      continue;
    }
    for (const [instance, values] of Object.entries(value)) {
      if (!isObject(values)) continue;
      for (const [field, number] of Object.entries(values)) add(instanceField(key, instance, field), number);
    }
  }
  return fields;
}

/** The sample of a line; undefined for a line that a crash tore, or that is no sample. */
export function fromLine(line: string): Sample | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // Torn by a crash.
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const { timestamp, boot, booted_at: bootedAt, metrics } = value;
  if (typeof timestamp !== 'number' || !isObject(metrics)) return undefined;
  const processes = value['processes'] === undefined ? undefined : report.safeParse(value['processes']).data;
  const sample = {
    t: timestamp,
    fields: flatFields(metrics),
    ...(processes !== undefined && { processes }),
  };
  if (typeof boot !== 'string' || typeof bootedAt !== 'number') return sample;
  return { ...sample, clock: { boot, bootedAt } };
}
