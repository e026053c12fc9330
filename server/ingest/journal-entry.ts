/**
 * One push as the journal stores it: how far its times were shifted (milliseconds, float64, little-endian),
 * then the inflated body as it was received.
 */
import { atTime, parsePush, type Sample } from '#protocol/sample.ts';

const SHIFT_BYTES = 8;

export function encodeEntry(shiftMs: number, body: Buffer): Buffer {
  const payload = Buffer.allocUnsafe(SHIFT_BYTES + body.length);
  payload.writeDoubleLE(shiftMs, 0);
  body.copy(payload, SHIFT_BYTES);
  return payload;
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

/**
 * The samples of a journal entry, shifted and in ascending time; undefined when the body is no push that this
 * version of the server knows.
 * @throws SyntaxError when the body is not JSON
 */
export function decodeEntry(payload: Uint8Array): readonly Sample[] | undefined {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const push = parsePush(JSON.parse(bytes.toString('utf8', SHIFT_BYTES)));
  return push.success ? orderSamples(push.data.samples, bytes.readDoubleLE(0)) : undefined;
}
