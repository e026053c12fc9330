/** A server with many machines that push what the real agent measures, once a second each, for as long as it is open. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer, temporaryFolder, type TestServer } from '../../e2e/product.ts';
import { writeDevices } from '../devices.ts';
import { startPushClient } from '../push-round.ts';
import { writeSamples } from '../real-samples.ts';

const INTERVAL_S = 1;
/** The longest benchmark of a page is over by then. */
const SECONDS = 1800;

export interface PushingFleet {
  readonly server: TestServer;
  close(): Promise<void>;
}

export async function startPushingFleet(count: number, intervalS = INTERVAL_S): Promise<PushingFleet> {
  const scratch = mkdtempSync(join(tmpdir(), 'bench-web-'));
  const { file: samplesFile } = await writeSamples(scratch);
  const data = temporaryFolder();
  const devices = writeDevices(data, count, intervalS);
  const server = await startServer({ data, env: { WATCHFLOOR_LOG_LEVEL: 'warn' } });
  const client = startPushClient();
  const round = client.run({
    port: server.port,
    caFile: server.authorityFile(),
    ...{ devices, samplesFile, seconds: SECONDS, intervalS, samples: intervalS, everyMs: 1000 },
  });
  // It ends when the client is stopped, long before its round is over.
  round.catch(() => undefined);
  return {
    server,
    async close() {
      client.stop();
      await server.dispose();
      for (const folder of [scratch, data]) rmSync(folder, { recursive: true, force: true });
    },
  };
}
