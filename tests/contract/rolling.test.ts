import { InfluxDB } from '@influxdata/influxdb-client';
import { describe, expect, test } from 'vitest';
import type { SampleBatch } from '../../server/history/history.ts';
import { provide } from '../../influx/buckets.ts';
import { openInfluxHistory } from '../../influx/influx.ts';
import { DEFAULT_RETENTION } from '../../server/history/history.ts';
import { openTiers } from '../../influx/tiers.ts';
import { points, writePoints } from '../../influx/write.ts';
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
  test('[H1] samples that come meanwhile, older than all that were there, are rolled up too', async () => {
    const influxd = await startInfluxd(binary ?? '');
    const { org, bucket } = influxd;
    const admin = adminOf(influxd);
    const client = new InfluxDB(influxd);
    const options = { client, org, log };
    const places = await provide({ ...options, bucket, retention: DEFAULT_RETENTION });
    if (places.tiers === undefined) throw new Error(places.advice);
    const tiersAt = places.tiers;
    const store = async (one: SampleBatch) => writePoints({ ...options, bucket }, points([one], new Map()));
    await store(batch(NOW - 3 * HOUR, 100));
    const open = () =>
      openTiers({
        api: client.getQueryApi(org),
        places: { raw: places.raw, ...tiersAt },
        write: (into, all) => writePoints({ ...options, bucket: into }, all),
        now: () => NOW,
      });
    const tiers = await open();
    expect(tiers.mark).toEqual({ from: NOW, to: NOW });
    await tiers.pass();
    expect(tiers.mark).toEqual({ from: NOW - HOUR, to: NOW });
    const older = batch(NOW - 6 * HOUR, 50);
    await store(older);
    tiers.wrote([older], 7);
    // Not late: it will be come upon.
    expect(tiers.heldSince()).toBeUndefined();

    // Another process takes it up where this one was.
    const next = await open();
    expect(next.mark).toEqual({ from: NOW - HOUR, to: NOW });
    while ((await tiers.pass()) !== undefined);
    expect(tiers.mark.from).toBe(0);
    expect(await admin.sum(`${bucket}_15m`, 'count', 'd')).toBe(150);
    expect(await admin.sum(`${bucket}_1m`, 'count', 'd')).toBe(150);

    // From now on old samples are late ones.
    const oldest = batch(NOW - 9 * HOUR, 10);
    await store(oldest);
    tiers.wrote([oldest], 8);
    expect(tiers.heldSince()).toBe(8);
    await tiers.settle('another');
    expect(tiers.heldSince()).toBe(8);
    await tiers.settle('d');
    expect(tiers.heldSince()).toBeUndefined();
    expect(await admin.sum(`${bucket}_15m`, 'count', 'd')).toBe(160);
    await influxd.stop();
  });

  test('[H4] while rolling up fails the journal is held, and it says so although samples are taken', async () => {
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
