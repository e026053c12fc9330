import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Sample } from '#protocol/sample.ts';
import { openInfluxHistory } from '../../influx/influx.ts';
import { createFeeder } from '../../server/history/feeder.ts';
import { openJournal } from '../../server/history/journal/journal.ts';
import { systemClock } from '../../server/app/clock.ts';
import { createLog } from '../../server/app/log.ts';
import { adminOf } from '../influx/admin.ts';
import { findInfluxd, startInfluxd } from '../influx/influxd.ts';

const binary = findInfluxd();
const log = createLog('silent');
const DAY = 86_400_000;
/** Noon of the day before yesterday: all samples are of one day, and none is recent. */
const BASE = Math.floor(Date.now() / DAY) * DAY - DAY - DAY / 2;

const samples = (push: number): Sample[] =>
  Array.from({ length: 5 }, (_, i) => ({ t: BASE + (push * 5 + i) * 1000, values: { cpu: i } }));

describe.skipIf(binary === undefined)('with a real influxd', () => {
  test('[H4] when InfluxDB is killed and started again, every sample arrives, once each', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'outage-'));
    const influxd = await startInfluxd(binary ?? '');
    const journal = await openJournal({ clock: systemClock, dir, log, gatherMs: 1, segmentBytes: 2_000 });
    const history = await openInfluxHistory({ ...influxd, bucket: 'outage', log });
    let noteRetry: () => void = () => undefined;
    const retryBegan = new Promise<void>((resolve) => (noteRetry = resolve));
    const feeder = createFeeder({
      clock: systemClock,
      journal,
      history,
      decode: ({ deviceId, payload }) => ({
        deviceId,
        samples: samples(Buffer.from(payload).readUInt32LE()),
      }),
      log,
      maxSamplesInMemory: 60,
      samplesPerWrite: 30,
      firstRetryMs: 20,
      maxRetryMs: 100,
      onState: ({ kind }) => kind === 'retrying' && noteRetry(),
    });
    const push = async (n: number) => {
      const payload = Buffer.alloc(4);
      payload.writeUInt32LE(n);
      feeder.committed(await journal.append({ deviceId: 'd', arrived: 0, payload }), {
        deviceId: 'd',
        samples: samples(n),
      });
    };
    for (let n = 0; n < 20; n++) await push(n);
    await feeder.caughtUp();
    await influxd.kill();
    for (let n = 20; n < 120; n++) await push(n);
    await retryBegan;
    expect(feeder.behindBytes()).toBeGreaterThan(1000);
    expect(await history.health()).toMatchObject({
      healthy: false,
      detail: expect.stringContaining('cannot be reached'),
    });
    await influxd.restart();
    for (let n = 120; n < 140; n++) await push(n);
    await feeder.caughtUp();
    expect(feeder.behindBytes()).toBe(0);
    const times = await history.timestamps('d', BASE, BASE + 3_600_000);
    expect(times).toEqual(Array.from({ length: 700 }, (_, i) => BASE + i * 1000));
    expect(await history.health()).toMatchObject({ healthy: true });
    // The samples were late, so the journal keeps them until they are rolled up, which the query brings
    // about.
    expect(journal.start).toBe(0);
    const year = { deviceId: 'd', from: BASE - 364 * DAY, to: BASE + DAY, fields: ['cpu'] };
    const { series } = await history.query({ ...year, step: DAY });
    expect(series.get('cpu')?.mean).toContain(2);
    for (const tier of ['_1m', '_15m'])
      expect(await adminOf(influxd).sum(`outage${tier}`, 'count', 'd')).toBe(700);
    await push(140);
    await feeder.caughtUp();
    expect(journal.start).toBeGreaterThan(80);
    await feeder.stop();
    await journal.close();
    await history.close();
    await influxd.stop();
    await rm(dir, { recursive: true });
  });

  test('a sample that InfluxDB rejects does not hold up the others, and an error names a wrong token', async () => {
    const influxd = await startInfluxd(binary ?? '');
    const access = { org: influxd.org, bucket: influxd.bucket };
    // Another program may have written the field with another type.
    await fetch(
      `${influxd.url}/api/v2/write?${new URLSearchParams({ ...access, precision: 'ms' }).toString()}`,
      {
        method: 'POST',
        headers: { authorization: `Token ${influxd.token}` },
        body: `samples,device=d cpu="text" ${BASE}`,
      },
    );
    const history = await openInfluxHistory({ ...influxd, log });
    const batch = {
      deviceId: 'd',
      samples: [
        { t: BASE + 1000, values: { cpu: 1 } },
        { t: BASE + 2000, values: { ram: 2 } },
      ],
    };
    expect(
      await history.write(
        [batch, { deviceId: 'e', samples: samples(0).map(({ t }) => ({ t, values: { ram: 1 } })) }],
        7,
      ),
    ).toBe(7);
    expect(await history.timestamps('d', BASE + 1, BASE + 60_000)).toEqual([BASE + 2000]);
    expect(await history.timestamps('e', BASE, BASE + 60_000)).toHaveLength(5);
    await history.close();
    const wrong = await openInfluxHistory({ ...influxd, token: 'wrong', log });
    await expect(wrong.write([batch], 8)).rejects.toThrow('INFLUX_TOKEN');
    await wrong.close();
    await influxd.stop();
  });
});
