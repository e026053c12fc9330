/** What the real agent measures on this machine, in the encoding in which it pushes: the payload of every ingest benchmark. */
import { setTimeout as pause } from 'node:timers/promises';
import { collectorsFor } from '../../agent/collectors/list.ts';
import { createReader } from '../../agent/collectors/reader.ts';
import { inColumns } from '../../agent/outgoing/push.ts';
import type { Sample } from '../../agent/sampling/sample.ts';
import { createSampler } from '../../agent/sampling/sampler.ts';

/** Milliseconds between two samples: rates need time to pass, and a benchmark does not wait a minute. */
const EVERY_MS = 200;

const ignore = () => undefined;

/** Takes `count` samples of this machine with the agent's own list of collectors. Linux only. */
export async function takeSamples(count: number): Promise<Sample[]> {
  const log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const reader = createReader();
  const monotonic = () => performance.now();
  const { read, readAside } = reader;
  const sampler = createSampler({ collectors: collectorsFor('linux'), read, readAside, log, monotonic });
  const samples: Sample[] = [];
  // The first ones only give rates something to start from, and slow collectors time to answer.
  for (let i = -5; i < count; i++) {
    const fields = sampler.sample(monotonic());
    if (i >= 0) samples.push({ t: 0, fields });
    await pause(EVERY_MS);
  }
  reader.close();
  return samples;
}

/** The body of a push of these samples as the agent writes it, before gzip; the last of them is taken at `now`. */
export function pushBody(
  deviceId: string,
  samples: readonly Sample[],
  { now, everyMs, intervalS }: { now: number; everyMs: number; intervalS: number },
): string {
  const first = now - (samples.length - 1) * everyMs;
  const timed = samples.map(({ fields }, i) => ({ t: first + i * everyMs, fields }));
  return JSON.stringify({
    device_id: deviceId,
    hostname: `bench-${deviceId}`,
    ip: '10.0.0.1',
    sent_at: now,
    interval_s: intervalS,
    ...inColumns(timed),
  });
}
