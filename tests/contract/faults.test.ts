/** A whole server whose InfluxDB cannot be reached as it should, in every way that was seen. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { statusReply } from '#protocol/api.ts';
import { errorOf, openStage, type Device, type Stage } from '../routes/stage.ts';
import { eventually } from '../e2e/eventually.ts';
import { acknowledgedPushes, type Acknowledged } from '../influx/acknowledged.ts';
import { findInfluxd, startInfluxd, type Influxd } from '../influx/influxd.ts';
import { FAULTS, startProxy, type Proxy } from '../influx/proxy.ts';

const binary = findInfluxd();

describe.skipIf(binary === undefined)('a server with a real influxd', () => {
  let influxd: Influxd;
  let proxy: Proxy;
  let stage: Stage;
  let device: Device;
  let pushes: Acknowledged;

  beforeAll(async () => {
    influxd = await startInfluxd(binary ?? '');
    proxy = await startProxy(influxd.url);
    const { org, token, bucket } = influxd;
    stage = await openStage({ influx: { url: proxy.url, org, token, bucket } });
    device = await stage.device('faults');
    pushes = acknowledgedPushes(stage, device);
    expect(await pushes.push()).toBe(200);
    await caughtUp();
  });
  afterAll(async () => {
    await stage.close();
    await proxy.stop();
    await influxd.stop();
  });

  const chart = () => stage.admin.ask('GET', `/devices/${device.id}/metrics?fields=cpu`);
  const status = async () => (await stage.admin.ask('GET', '/status')).as(statusReply);
  const caughtUp = () =>
    eventually(
      'the history caught up',
      async () => {
        const { history, notices } = await status();
        return history.behind_bytes === 0 && notices.length === 0;
      },
      60_000,
    );

  test.each(Object.entries(FAULTS).filter(([name]) => name !== 'silence'))(
    '[H4] with %s instead of answers, pushes go on, chart and status say why, and nothing is lost',
    async (_, fault) => {
      proxy.disturb(fault);
      const met = proxy.disturbed('/api/v2/write');
      expect(await pushes.push()).toBe(200);
      expect(await pushes.resend()).toBe(200);
      await met;
      const { history } = await eventually('the failure is known', async () => {
        const now = await status();
        return now.notices.length > 0 && now;
      });
      expect(history).toMatchObject({ healthy: false, kind: 'influxdb' });
      expect(history.detail).toMatch(/^InfluxDB at http:.* does not take samples: ./);
      const failed = errorOf(await chart());
      expect(failed).toMatchObject({ status: 503, code: 'history_unavailable' });
      expect(failed.message).toMatch(/InfluxDB at http:/);
      proxy.disturb(undefined);
      expect(await pushes.push()).toBe(200);
      await caughtUp();
      expect((await chart()).status).toBe(200);
      expect(await pushes.compare(influxd)).toEqual({ stored: pushes.count, missing: 0, wrong: 0 });
    },
  );

  test('[H4] while InfluxDB is silent, resends and old samples are answered, and each is stored once', async () => {
    proxy.disturb({ kind: 'silence' });
    const met = proxy.disturbed('/api/v2/write');
    expect(await pushes.push()).toBe(200);
    await met;
    // The agent got no answer and sends again; its later pushes come behind.
    expect(await pushes.resend()).toBe(200);
    expect(await pushes.push()).toBe(200);
    const spooled = acknowledgedPushes(stage, device, Math.floor(Date.now() / 1000) * 1000 - 3_600_000);
    for (let i = 0; i < 10; i++) expect(await spooled.push()).toBe(200);
    const failed = errorOf(await chart());
    expect(failed).toMatchObject({ status: 503, code: 'history_unavailable' });
    expect(failed.message).toMatch(/did not answer/);
    expect((await status()).history).toMatchObject({ kind: 'influxdb' });
    proxy.disturb(undefined);
    await stage.restart();
    await caughtUp();
    const compared = await pushes.compare(influxd);
    expect(compared).toMatchObject({ stored: pushes.count + spooled.count, missing: 0 });
    expect(await spooled.compare(influxd)).toMatchObject({ missing: 0 });
  }, 60_000);

  test('[H4] the server stops and starts while InfluxDB is silent, and stores what waited after that', async () => {
    proxy.disturb({ kind: 'silence' });
    const met = proxy.disturbed('/api/v2/write');
    expect(await pushes.push()).toBe(200);
    await met;
    // A chart that waits for InfluxDB does not hold up the stop.
    const waiting = chart();
    await proxy.disturbed('/api/v2/query');
    await stage.restart();
    expect(errorOf(await waiting)).toMatchObject({ status: 503 });
    expect(await pushes.push()).toBe(200);
    await stage.restart();
    proxy.disturb(undefined);
    await stage.restart();
    await caughtUp();
    expect(await pushes.compare(influxd)).toMatchObject({ missing: 0 });
  }, 40_000);

  test.each([
    ['a name that cannot be resolved', 'http://nowhere.invalid:8086', /name cannot be resolved/],
    ['a port where nothing listens', 'http://127.0.0.1:9', /cannot be reached/],
    [
      'a server that speaks no TLS',
      (url: string) => url.replace('http:', 'https:'),
      /does not speak TLS there/,
    ],
  ])('[H4] with %s as INFLUX_URL the server starts and says what is wrong', async (_, url, reason) => {
    await stage.close();
    const { org, token, bucket } = influxd;
    const named = typeof url === 'string' ? url : url(influxd.url);
    stage = await openStage({ influx: { url: named, org, token, bucket } });
    const { history } = await status();
    expect(history).toMatchObject({ healthy: false });
    expect(history.detail).toMatch(reason);
  });
});
