import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { openInfluxHistory } from '../../influx/influx.ts';
import { createLog } from '../../server/app/log.ts';
import { openEmbeddedHistory } from '../../server/history/embedded/embedded.ts';
import { findInfluxd, startInfluxd } from '../influx/influxd.ts';
import { trafficContract } from './traffic.ts';

trafficContract('embedded', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'watchfloor-traffic-'));
  return {
    open: () => openEmbeddedHistory({ dir, log: createLog('silent') }),
    dispose: () => rm(dir, { recursive: true, force: true }),
  };
});

const binary = findInfluxd();

describe.skipIf(binary === undefined)('with a real influxd', () => {
  trafficContract('InfluxDB', async () => {
    const influxd = await startInfluxd(binary ?? '');
    return {
      open: () => openInfluxHistory({ ...influxd, bucket: 'traffic', log: createLog('warn') }),
      dispose: influxd.stop,
    };
  });
});
