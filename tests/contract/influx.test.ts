import { describe } from 'vitest';
import { openInfluxHistory } from '../../influx/influx.ts';
import { createLog } from '../../server/app/log.ts';
import { findInfluxd, startInfluxd } from '../influx/influxd.ts';
import { historyContract } from './history.ts';

const binary = findInfluxd();

describe.skipIf(binary === undefined)('with a real influxd', () => {
  historyContract('InfluxDB', async () => {
    const influxd = await startInfluxd(binary ?? '');
    return {
      open: () => openInfluxHistory({ ...influxd, bucket: 'made-on-demand', log: createLog('warn') }),
      dispose: influxd.stop,
    };
  });
});
