import { InfluxDB } from '@influxdata/influxdb-client';
import { describe, expect, test } from 'vitest';
import type { SampleBatch } from '../../server/history/history.ts';
import { findOrMakeBuckets } from '../../influx/buckets.ts';
import { openInfluxHistory } from '../../influx/influx.ts';
import { DEFAULT_RETENTION } from '../../server/history/history.ts';
import { openTiers } from '../../influx/tiers.ts';
import { linesOf } from '../../influx/lines.ts';
import { writeLines } from '../../influx/write.ts';
import { createLog } from '../../server/app/log.ts';
import { adminOf } from '../influx/admin.ts';
import { findInfluxd, startInfluxd } from '../influx/influxd.ts';
import { startProxy } from '../influx/proxy.ts';

const binary = findInfluxd();
const log = createLog('silent');
const HOUR = 3_600_000;
const NOW = Math.floor(Date.now() / HOUR) * HOUR;

const batch = (from: number, count: number): SampleBatch => ({
  deviceId: 'd',
  samples: Array.from({ length: count }, (_, i) => ({ t: from + i * 1000, values: { cpu: i } })),
});

describe.skipIf(binary === undefined)('rolling up on a real influxd', () => {
  test('[H1] the oldest samples are rolled up too if they come while others are being rolled up', async () => {
    const influxd = await startInfluxd(binary ?? '');
    const { org, bucket } = influxd;
    const admin = adminOf(influxd);
    const client = new InfluxDB(influxd);
    const options = { client, org, log, heldFrom: 0, leftOut: () => undefined };
    const buckets = await findOrMakeBuckets({ ...options, bucket, retention: DEFAULT_RETENTION });
    if (buckets.tiers === undefined) throw new Error(buckets.advice);
    const tierBuckets = buckets.tiers;
    const writeBatch = async (one: SampleBatch) =>
      writeLines({ ...options, bucket }, linesOf([one], new Map()));
    await writeBatch(batch(NOW - 3 * HOUR, 100));
    const open = () =>
      openTiers({
        api: client.getQueryApi(org),
        buckets: () => ({ raw: buckets.raw, ...tierBuckets }),
        write: (into, all) => writeLines({ ...options, bucket: into.name }, all),
        now: () => NOW,
      });
    const tiers = await open();
    expect(tiers.mark).toEqual({ from: NOW, to: NOW });
    await tiers.pass();
    expect(tiers.mark).toEqual({ from: NOW - HOUR, to: NOW });
    const older = batch(NOW - 6 * HOUR, 50);
    await writeBatch(older);
    tiers.noteWritten([older], 7);
    // They are not late: rolling up backwards has not reached their time yet.
    expect(tiers.journalFrom()).toBeUndefined();

    // After a restart, rolling up goes on from the stored mark.
    const reopened = await open();
    expect(reopened.mark).toEqual({ from: NOW - HOUR, to: NOW });
    while ((await tiers.pass()) !== undefined);
    expect(tiers.mark.from).toBe(0);
    expect(await admin.sum(`${bucket}_15m`, 'count', 'd')).toBe(150);
    expect(await admin.sum(`${bucket}_1m`, 'count', 'd')).toBe(150);

    // Everything is rolled up now, so all old samples are late.
    const oldest = batch(NOW - 9 * HOUR, 10);
    await writeBatch(oldest);
    tiers.noteWritten([oldest], 8);
    expect(tiers.journalFrom()).toBe(8);
    await tiers.rollUpLate('another');
    expect(tiers.journalFrom()).toBe(8);
    await tiers.rollUpLate('d');
    expect(tiers.journalFrom()).toBeUndefined();
    expect(await admin.sum(`${bucket}_15m`, 'count', 'd')).toBe(160);
    await influxd.stop();
  });

  test('[H4] while rolling up fails, the journal keeps late samples, and the health says so', async () => {
    const influxd = await startInfluxd(binary ?? '');
    const proxy = await startProxy(influxd.url);
    let now = NOW;
    const history = await openInfluxHistory({
      ...influxd,
      ...{ url: proxy.url, bucket: 'held', log, passEveryMs: 5, now: () => now },
    });
    expect(await history.write([batch(NOW, 5)], 1)).toBe(1);
    proxy.refuse('|> to(');
    const older = batch(NOW - 3 * HOUR, 100);
    expect(await history.write([older], 2)).toBe(1);
    now += 2 * 60_000;
    const detail = async () => (await history.health()).detail;
    await expect.poll(detail).toContain('does not roll up samples: it answered 500 (refused by the test)');
    expect(await history.write([batch(NOW + 60_000, 5)], 3)).toBe(1);
    expect(await history.health()).toMatchObject({ healthy: false });
    expect(await history.timestamps('d', NOW, NOW + HOUR)).toHaveLength(10);
    proxy.refuse('');
    await expect.poll(detail).not.toContain('roll up');
    await expect.poll(() => adminOf(influxd).sum('held_15m', 'count', 'd')).toBe(100);
    expect(await history.write([batch(NOW + 70_000, 5)], 4)).toBe(4);
    await history.close();
    await proxy.stop();
    await influxd.stop();
  });
});
