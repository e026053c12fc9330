/** A whole server whose InfluxDB is away while a device is removed. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { statusReply } from '#protocol/api.ts';
import { eventually } from '../e2e/eventually.ts';
import { acknowledgedPushes } from '../influx/acknowledged.ts';
import { findInfluxd, startInfluxd, type Influxd } from '../influx/influxd.ts';
import { openStage, type Device, type Stage } from '../routes/stage.ts';

const binary = findInfluxd();
const HOUR = 3_600_000;

describe.skipIf(binary === undefined)('a server with a real influxd', () => {
  let influxd: Influxd;
  let stage: Stage;

  beforeAll(async () => {
    influxd = await startInfluxd(binary ?? '');
    const { url, org, token, bucket } = influxd;
    stage = await openStage({ influx: { url, org, token, bucket } });
  });
  afterAll(async () => {
    await stage.close();
    await influxd.stop();
  });

  const caughtUp = () =>
    eventually(
      'the history caught up',
      async () => {
        const { history, notices } = (await stage.admin.ask('GET', '/status')).as(statusReply);
        return history.behind_bytes === 0 && notices.length === 0;
      },
      60_000,
    );
  const now = Math.floor(Date.now() / 1000) * 1000;
  const pushesOf = (device: Device, hoursAgo: number) =>
    acknowledgedPushes(stage, device, now - hoursAgo * HOUR);

  test('[I8] a device that was removed while InfluxDB was away is deleted there, once, also after a restart', async () => {
    const [gone, returning, other] = [
      await stage.device('gone'),
      await stage.device('returning'),
      await stage.device('other'),
    ];
    const before = [pushesOf(gone, 3), pushesOf(returning, 3)];
    const others = pushesOf(other, 3);
    for (const pushes of [...before, others]) expect(await pushes.push()).toBe(200);
    await caughtUp();

    await influxd.kill();
    for (const pushes of [...before, others]) expect(await pushes.push()).toBe(200);
    for (const { id } of [gone, returning])
      expect((await stage.admin.ask('DELETE', `/devices/${id}`)).status).toBe(204);
    await stage.restart();
    const anew = pushesOf(await stage.device('returning'), 2);
    expect(await anew.push()).toBe(200);
    await influxd.restart();
    expect(await anew.push()).toBe(200);
    await caughtUp();
    expect(await anew.compare(influxd)).toEqual({ stored: anew.count, missing: 0, wrong: 0 });
    expect(await others.compare(influxd)).toEqual({ stored: others.count, missing: 0, wrong: 0 });
    expect(await before[0]?.compare(influxd)).toMatchObject({ stored: 0 });

    // The journal still holds the samples of the removed devices, and the next start reads them again.
    await stage.restart();
    expect(await anew.push()).toBe(200);
    await caughtUp();
    expect(await anew.compare(influxd)).toEqual({ stored: anew.count, missing: 0, wrong: 0 });
    expect(await before[0]?.compare(influxd)).toMatchObject({ stored: 0 });
  }, 90_000);
});
