/** What the journal holds of a push: how far its times were shifted (f64, ms), then the body as it came, inflated. */
import { parsePush, type Sample } from '#protocol/sample.ts';

const SHIFT_BYTES = 8;

export function encodeEntry(shiftMs: number, body: Buffer): Buffer {
  const payload = Buffer.allocUnsafe(SHIFT_BYTES + body.length);
  payload.writeDoubleLE(shiftMs, 0);
  body.copy(payload, SHIFT_BYTES);
  return payload;
}

/** Samples in ascending time, each time once (the first one wins), shifted. */
export function orderSamples(samples: readonly Sample[], shiftMs: number): Sample[] {
  const shifted = shiftMs === 0 ? [...samples] : samples.map(({ t, values }) => ({ t: t + shiftMs, values }));
  for (let i = 1; i < shifted.length; i++) {
    const [before, after] = [shifted[i - 1], shifted[i]];
    if (before && after && after.t > before.t) continue;
    // Not in order, or a time twice: rare enough for the slow way.
    shifted.sort((a, b) => a.t - b.t);
    return shifted.filter(({ t }, at) => t !== shifted[at - 1]?.t);
  }
  return shifted;
}

/** The samples of a journal payload; undefined when this version cannot read it. */
export function decodeEntry(payload: Uint8Array): Sample[] | undefined {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const push = parsePush(JSON.parse(bytes.toString('utf8', SHIFT_BYTES)));
  return push.success ? orderSamples(push.data.samples, bytes.readDoubleLE(0)) : undefined;
}
