/**
 * One push as the journal stores it: how far its times were shifted (milliseconds, float64, little-endian),
 * then the inflated body as it was received. [I7] A push of which something was left out, or to which the server added
 * fields of its own, is stored as a new body that holds what was taken, so that reading it at a later start gives the
 * same samples.
 */
import { parseInstanceField } from '#protocol/fields.ts';
import { emptyValues, type Values } from '#protocol/metrics.ts';
import type { ProcessReport } from '#protocol/processes.ts';
import { atTime, parsePush, type Row, type Sample } from '#protocol/sample.ts';

const SHIFT_BYTES = 8;

export function encodeEntry(shiftMs: number, body: Buffer): Buffer {
  const payload = Buffer.allocUnsafe(SHIFT_BYTES + body.length);
  payload.writeDoubleLE(shiftMs, 0);
  body.copy(payload, SHIFT_BYTES);
  return payload;
}

/**
 * The entry of a push of which only `samples` and the reports on `processes` were taken; they are in their final times,
 * and the samples of one form.
 */
export function encodeTaken(
  deviceId: string,
  samples: readonly Sample[],
  processes: readonly ProcessReport[] = [],
): Buffer {
  const layout = samples[0]?.row?.layout;
  const content =
    layout === undefined
      ? { samples: samples.map(({ t, values }) => ({ timestamp: t, metrics: nested(values) })) }
      : { fields: layout.names, rows: samples.map(({ t, row }) => [t, ...numbersOf(row)]) };
  const push = {
    device_id: deviceId,
    hostname: deviceId,
    ip: '',
    ...(processes.length > 0 && { processes }),
    ...content,
  };
  return encodeEntry(0, Buffer.from(JSON.stringify(push)));
}

/**
 * The values as `metrics` with the instances inside their kinds, so that an entry is no longer than its body, in
 * which a long instance name may have stood once for many fields. The instances of a kind that is a scalar too
 * can only be sent under their full names.
 */
function nested(values: Values): Readonly<Record<string, unknown>> {
  const scalars = emptyValues();
  const kinds: Record<string, Record<string, Values>> = Object.create(null);
  for (const [name, value] of Object.entries(values)) {
    const parts = parseInstanceField(name);
    if (parts === undefined || parts.kind in values) scalars[name] = value;
    else {
      const instances = (kinds[parts.kind] ??= Object.create(null));
      (instances[parts.instance] ??= emptyValues())[parts.field] = value;
    }
  }
  return { ...scalars, ...kinds };
}

/** The numbers of a row; NaN becomes null in JSON. */
function numbersOf(row: Row | undefined): Float64Array | readonly number[] {
  return row === undefined ? [] : row.numbers.subarray(row.offset, row.offset + row.layout.names.length);
}

/**
 * The samples shifted by `shiftMs`, in ascending time; of several samples of one time, the first one only.
 */
export function orderSamples(samples: readonly Sample[], shiftMs: number): readonly Sample[] {
  const shifted = shiftMs === 0 ? samples : samples.map((sample) => atTime(sample, sample.t + shiftMs));
  const isAscending = shifted.every(({ t }, i) => i === 0 || t > (shifted[i - 1]?.t ?? 0));
  if (isAscending) return shifted;
  const sorted = shifted.toSorted((a, b) => a.t - b.t);
  return sorted.filter(({ t }, i) => t !== sorted[i - 1]?.t);
}

/** What the history takes of a journal entry, in its final times; the samples in ascending order. */
export interface DecodedEntry {
  readonly samples: readonly Sample[];
  readonly processes?: readonly ProcessReport[];
}

/**
 * What is in a journal entry; undefined when the body is no push that this version of the server knows.
 * @throws SyntaxError when the body is not JSON
 */
export function decodeEntry(payload: Uint8Array): DecodedEntry | undefined {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const push = parsePush(JSON.parse(bytes.toString('utf8', SHIFT_BYTES)));
  if (!push.success) return undefined;
  const shiftMs = bytes.readDoubleLE(0);
  const samples = orderSamples(push.data.samples, shiftMs);
  const { processes } = push.data;
  if (processes === undefined) return { samples };
  return {
    samples,
    processes: processes.map((report) => ({ ...report, at: Math.round(report.at + shiftMs) })),
  };
}
