/** What the journal holds of a push: how far its times were shifted (f64, ms), then the inflated body as it came. */
import { atTime, parsePush, type Sample } from '#protocol/sample.ts';

const SHIFT_BYTES = 8;

export function encodeEntry(shiftMs: number, body: Buffer): Buffer {
  const payload = Buffer.allocUnsafe(SHIFT_BYTES + body.length);
  payload.writeDoubleLE(shiftMs, 0);
  body.copy(payload, SHIFT_BYTES);
  return payload;
}

/** Samples shifted by `shiftMs`, in ascending time, each time once (the first one wins). */
export function orderSamples(samples: readonly Sample[], shiftMs: number): readonly Sample[] {
  const shifted = shiftMs === 0 ? samples : samples.map((sample) => atTime(sample, sample.t + shiftMs));
  const ascends = shifted.every(({ t }, i) => i === 0 || t > (shifted[i - 1]?.t ?? 0));
  if (ascends) return shifted;
  const sorted = shifted.toSorted((a, b) => a.t - b.t);
  return sorted.filter(({ t }, i) => t !== sorted[i - 1]?.t);
}

/** The samples of a journal payload; undefined when this version cannot read it. */
export function decodeEntry(payload: Uint8Array): readonly Sample[] | undefined {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const push = parsePush(JSON.parse(bytes.toString('utf8', SHIFT_BYTES)));
  return push.success ? orderSamples(push.data.samples, bytes.readDoubleLE(0)) : undefined;
}
