/** What the real agent measures on this machine, in the encoding in which it pushes: the payload of every ingest benchmark. */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Fields } from '../../agent/collectors/collector.ts';
import { collectorsFor } from '../../agent/collectors/list.ts';
import { createReader } from '../../agent/collectors/reader.ts';
import { linuxProcesses } from '../../agent/collectors/top-processes/linux.ts';
import { createTopProcesses, type SentReport } from '../../agent/collectors/top-processes/top-processes.ts';
import { inColumns, reportsOf } from '../../agent/outgoing/push.ts';
import type { Sample } from '../../agent/sampling/sample.ts';
import { createSampler } from '../../agent/sampling/sampler.ts';

/**
 * Milliseconds between two samples. The agent takes one a second, but a benchmark does not wait for minutes: its time
 * runs HASTE times as fast for everything, so that each collector has the share in the samples that it has in the agent.
 */
export const EVERY_MS = 200;
const HASTE = 1000 / EVERY_MS;
const COLLECTORS = (await collectorsFor('linux')).map((entry) => ({
  ...entry,
  every: (entry.every ?? 0) / HASTE,
}));

/** The samples of a benchmark's pushes; each push has other ones of them. */
const MEASURED = 60;

const ignore = () => undefined;

export interface RealSampler {
  /** Measures now; what slow collectors find is part of a later sample. */
  sample(): Fields;
  /** The report on processes that came with the last sample; one in sixty has one. */
  report(): SentReport | undefined;
  close(): void;
}

/** Measures this machine with the agent's own collectors. Linux only. To be asked once every EVERY_MS. */
export function createRealSampler(): RealSampler {
  const log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const monotonic = () => performance.now();
  const { read, readAside, close } = createReader();
  const sampler = createSampler({ collectors: COLLECTORS, read, readAside, log, monotonic });
  const top = createTopProcesses({
    source: linuxProcesses({ read, pageBytes: 4096, withArguments: false, bootedAt: () => 0 }),
    ...{ cores: cpus().length, place: 0.5 },
  });
  let taken = 0;
  let report: SentReport | undefined;
  return {
    sample() {
      const fields = sampler.sample(monotonic());
      report = top.look({ at: monotonic() * HASTE, t: taken++ * 1000, isWatched: false });
      return fields;
    },
    report: () => report,
    close,
  };
}

/** Takes `count` samples of this machine, without their times. */
async function takeSamples(count: number): Promise<Sample[]> {
  const sampler = createRealSampler();
  const samples: Sample[] = [];
  // The first ones only give rates something to start from, and slow collectors time to answer.
  for (let i = -5; i < count; i++) {
    const fields = sampler.sample();
    const processes = sampler.report();
    if (i >= 0) samples.push({ t: 0, fields, ...(processes !== undefined && { processes }) });
    await pause(EVERY_MS);
  }
  sampler.close();
  return samples;
}

/** Takes the samples of a benchmark, and writes them into the folder for its client process. */
export async function writeSamples(folder: string): Promise<{ file: string; samples: readonly Sample[] }> {
  const samples = await takeSamples(MEASURED);
  const file = join(folder, 'samples.json');
  writeFileSync(file, JSON.stringify(samples));
  return { file, samples };
}

/** Epoch milliseconds since when the machines of benchmarks run: one whose uptime falls has been restarted, an event. */
const BOOTED_AT = Date.now() - 86_400_000;

/** What stands in a template for the device's id, and for the time and the uptime of the sample at a place. */
const ID = 'the-device';
const [TIME, UPTIME] = [7_000_000_000_000, 8_000_000_000_000];
const HOLES = new RegExp(`${ID}|[78]0{9}\\d{3}`, 'g');

/** Writes the body of a push by a device, before gzip; the last sample is taken at `now`. */
export type WritePush = (deviceId: string, now: number) => string;

/** Pushes of these samples as the agent writes them; what does not change from push to push is written once. */
export function pushWriter(
  samples: readonly Sample[],
  { everyMs, intervalS }: { everyMs: number; intervalS: number },
): WritePush {
  const timed = samples.map((sample, i) => ({
    ...sample,
    t: TIME + i,
    fields: { ...sample.fields, uptime_s: UPTIME + i },
  }));
  const last = samples.length - 1;
  const processes = reportsOf(timed);
  const template = JSON.stringify({
    device_id: ID,
    hostname: `bench-${ID}`,
    ip: '10.0.0.1',
    sent_at: TIME + last,
    interval_s: intervalS,
    ...(processes.length > 0 && { processes }),
    ...inColumns(timed),
  });
  const fixed = template.split(HOLES);
  const holes = [...template.matchAll(HOLES)].map(([hole]) => hole);
  return (deviceId, now) => {
    const timeOf = (place: number) => now - (last - place) * everyMs;
    const filled = holes.map((hole) => {
      if (hole === ID) return deviceId;
      const number = Number(hole);
      if (number < UPTIME) return timeOf(number - TIME);
      return Math.floor((timeOf(number - UPTIME) - BOOTED_AT) / 1000);
    });
    return fixed.map((text, i) => `${text}${filled[i] ?? ''}`).join('');
  };
}
