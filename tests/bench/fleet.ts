/** Ten thousand devices on one server: each pushes five per-second samples of the real sampler every five seconds. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer, temporaryFolder } from '../e2e/product.ts';
import { cpuMicroseconds } from './cpu.ts';
import { writeDevices } from './devices.ts';
import { processMemory } from './memory.ts';
import { startPushClient } from './push-round.ts';
import { writeSamples } from './real-samples.ts';
import type { Row } from './row.ts';

const DEVICES = 10_000;
const INTERVAL_S = 5;
const SAMPLES = 5;
/** Ten thousand TLS handshakes take most of it; the server's memory settles meanwhile. */
const WARM_S = 75;
const MEASURE_S = 60;

export async function benchFleet(): Promise<readonly Row[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'bench-fleet-'));
  const { file: samplesFile } = await writeSamples(scratch);
  const data = temporaryFolder();
  const devices = writeDevices(data, DEVICES, INTERVAL_S);
  const server = await startServer({ data, env: { WATCHFLOOR_LOG_LEVEL: 'warn' } });
  const client = startPushClient();
  try {
    const round = (seconds: number) =>
      client.run({
        port: server.port,
        caFile: server.authorityFile(),
        ...{ devices, samplesFile, seconds, intervalS: INTERVAL_S, samples: SAMPLES, everyMs: 1000 },
      });
    await round(WARM_S);
    const { pid } = server.process();
    const before = cpuMicroseconds(pid);
    const done = await round(MEASURE_S);
    const cores = (cpuMicroseconds(pid) - before) / (MEASURE_S * 1e6);
    const expected = (DEVICES / INTERVAL_S) * MEASURE_S;
    console.log(
      `fleet: ${done.pushes} of ${expected} pushes were accepted, ${done.refused} refused, ${done.late} late`,
    );
    const row = (what: string, value: number, unit: string, budget?: number): Row => ({
      what: `${DEVICES.toLocaleString('en')} devices, ${SAMPLES} samples every ${INTERVAL_S} s: ${what}`,
      value,
      unit,
      ...(budget === undefined ? {} : { budget }),
    });
    return [
      row('CPU of the whole process', cores, 'cores', 0.3),
      row('private memory', processMemory(pid).ussMiB, 'MiB', 600),
      row('answer, p99 (committed to disk)', done.p99Ms, 'ms'),
    ];
  } finally {
    client.stop();
    await server.dispose();
    rmSync(scratch, { recursive: true, force: true });
    rmSync(data, { recursive: true, force: true });
  }
}
