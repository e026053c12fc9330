import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Sample } from '#protocol/sample.ts';
import { openInfluxHistory, type InfluxOptions } from '../../influx/influx.ts';
import type { History, HistoryOptions } from '../../server/history/history.ts';
import { createLog } from '../../server/app/log.ts';
import { adminOf, type Admin } from '../influx/admin.ts';
import { findInfluxd, startInfluxd, type Influxd } from '../influx/influxd.ts';
import { startProxy } from '../influx/proxy.ts';

const binary = findInfluxd();
const log = createLog('silent');
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const QUARTER = 15 * MINUTE;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Math.floor(Date.now() / HOUR) * HOUR;

/** One sample a second, with the field `cpu`. */
const perSecond = (from: number, count: number, value: (i: number) => number): Sample[] =>
  Array.from({ length: count }, (_, i) => ({ t: from + i * SECOND, values: { cpu: value(i) } }));

/** A log that records the texts of its warnings. */
function recordWarnings() {
  const warnings: string[] = [];
  const warn: HistoryOptions['log']['warn'] = (_, text) => void warnings.push(text);
  return { warnings, log: { ...log, warn } };
}

describe.skipIf(binary === undefined)('the tiers on a real influxd', () => {
  let influxd: Influxd;
  let admin: Admin;
  let bucketCount = 0;
  const withoutPasses = { passEveryMs: HOUR };

  beforeAll(async () => {
    influxd = await startInfluxd(binary ?? '');
    admin = adminOf(influxd);
  });
  afterAll(() => influxd.stop());

  const newBucketName = () => `bucket-${bucketCount++}`;
  const open = (bucket: string, options: Partial<InfluxOptions> = {}) =>
    openInfluxHistory({ ...influxd, bucket, log, ...withoutPasses, ...options });
  const queryCpu = async (history: History, from: number, to: number, step: number, deviceId = 'd') => {
    const { series, step: used } = await history.query({ deviceId, from, to, step, fields: ['cpu'] });
    return { step: used, ...(series.get('cpu') ?? { t: [], min: [], mean: [], max: [], count: [] }) };
  };
  /**
   * Opens the history with frequent passes of rolling up, waits until `until` is true, runs `work`, and
   * closes it.
   */
  async function withPasses<T>(
    bucket: string,
    options: Partial<InfluxOptions>,
    until: (history: History) => Promise<boolean>,
    work: (history: History) => Promise<T>,
  ): Promise<T> {
    const history = await open(bucket, { passEveryMs: 1, ...options });
    try {
      await expect.poll(() => until(history), { timeout: 20_000, interval: 20 }).toBe(true);
      return await work(history);
    } finally {
      await history.close();
    }
  }

  test('[H1] new buckets get the retention of the settings; buckets that exist keep theirs', async () => {
    const bucket = newBucketName();
    const history = await open(bucket, { retention: { raw_days: 2, minute_days: 30, quarter_days: 400 } });
    await history.latest();
    const retentions = () =>
      Promise.all(['', '_1m', '_15m'].map((suffix) => admin.retentionDays(`${bucket}${suffix}`)));
    expect(await retentions()).toEqual([2, 30, 400]);
    await history.close();
    const notes: string[] = [];
    const reopened = await open(bucket, {
      retention: { raw_days: 1, minute_days: 30, quarter_days: 100 },
      log: { ...log, info: (_, text) => void notes.push(text) },
    });
    await reopened.latest();
    expect(await retentions()).toEqual([2, 30, 400]);
    expect(notes).toHaveLength(2);
    expect(notes[0]).toContain(`${bucket} was there already and keeps its data for 2 days, not for 1 days`);
    expect(notes[1]).toContain(`${bucket}_15m was there already`);
    await reopened.close();
  });

  test('[H2] a year is read from the quarters, a day from the minutes, five minutes from the samples', async () => {
    const bucket = newBucketName();
    const proxy = await startProxy(influxd.url);
    const history = await open(bucket, { url: proxy.url, now: () => NOW });
    await history.write([{ deviceId: 'd', samples: perSecond(NOW - 2 * HOUR, 60, (i) => i) }], 1);
    await history.write([{ deviceId: 'd', samples: perSecond(NOW - MINUTE, 60, (i) => i) }], 2);
    await queryCpu(history, NOW - DAY, NOW, HOUR);
    const readsOf = async (from: number, step: number) => {
      proxy.takeReads();
      expect((await queryCpu(history, from, NOW, step)).max).toContain(59);
      return proxy.takeReads();
    };
    const year = await readsOf(NOW - 365 * DAY, DAY);
    expect(new Set(year.map((one) => one.bucket))).toEqual(new Set([`${bucket}_15m`]));
    const day = await readsOf(NOW - DAY, 5 * MINUTE);
    expect(new Set(day.map((one) => one.bucket))).toEqual(new Set([`${bucket}_1m`]));
    const minutes = await readsOf(NOW - 5 * MINUTE, SECOND);
    expect(new Set(minutes.map((one) => one.bucket))).toEqual(new Set([bucket]));
    await history.close();

    // Some minutes later, samples are read only in the range that is not rolled up yet.
    const later = await open(bucket, { url: proxy.url, now: () => NOW + 10 * MINUTE });
    await later.write([{ deviceId: 'd', samples: perSecond(NOW + 9 * MINUTE, 60, () => 90) }], 3);
    proxy.takeReads();
    expect((await queryCpu(later, NOW - 365 * DAY, NOW + QUARTER, DAY)).max.at(-1)).toBe(90);
    for (const { bucket: from, ...range } of proxy.takeReads())
      expect(from === bucket ? range : null).toEqual(
        from === bucket ? { from: NOW, to: NOW + QUARTER } : null,
      );
    await later.close();
    await proxy.stop();
  });

  test('[H1] samples that come in time are rolled up, and their spike outlives them', async () => {
    const bucket = newBucketName();
    let now = NOW - HOUR;
    const spiked = perSecond(NOW - HOUR, 3600, (i) => (i === 2000 ? 97 : 10));
    const before = await open(bucket, { now: () => now });
    for (let i = 0; i < 3600; i += 600) {
      now = NOW - HOUR + i * SECOND;
      await before.write([{ deviceId: 'd', samples: spiked.slice(i, i + 600) }], i);
    }
    // None of them was late, so nothing has been rolled up yet.
    expect(await admin.sum(`${bucket}_15m`, 'count', 'd')).toBe(0);
    now = NOW + 3 * MINUTE;
    await withPasses(
      bucket,
      { now: () => now },
      async () => (await admin.sum(`${bucket}_15m`, 'count', 'd')) === 3600,
      async (history) => {
        expect(await admin.sum(`${bucket}_1m`, 'count', 'd')).toBe(3600);
        await admin.deleteData(bucket);
        // The mark is stored after the buckets; until then the query reads the samples, which are deleted.
        await expect.poll(() => cpuMax(history), { timeout: 20_000 }).toEqual([97]);
        const year = await queryCpu(history, NOW - 364 * DAY, NOW + DAY, DAY);
        expect(year).toMatchObject({ max: [97], min: [10] });
        expect(year.mean[0]).toBeCloseTo((3599 * 10 + 97) / 3600, 6);
        const quarters = await queryCpu(history, NOW - HOUR, NOW, QUARTER);
        expect(quarters.max).toEqual([10, 10, 97, 10]);
        expect((await queryCpu(history, NOW - HOUR, NOW, MINUTE)).max[33]).toBe(97);
      },
    );
    await before.close();
    async function cpuMax(history: History) {
      return (await queryCpu(history, NOW - 364 * DAY, NOW + DAY, DAY)).max;
    }
  });

  test('[H1] closing rolls up the newest samples, which may expire before the next start', async () => {
    const bucket = newBucketName();
    const before = await open(bucket, { now: () => NOW + 5 * MINUTE });
    await before.write([{ deviceId: 'd', samples: perSecond(NOW, 300, (i) => (i === 100 ? 66 : 1)) }], 1);
    await before.close();
    await admin.deleteData(bucket);
    await withPasses(
      bucket,
      { now: () => NOW + 5 * HOUR },
      async (history) => (await queryCpu(history, NOW - DAY, NOW + DAY, DAY)).max[0] === 66,
      async (history) => {
        const { max, mean } = await queryCpu(history, NOW, NOW + 5 * MINUTE, MINUTE);
        expect(max).toEqual([1, 66, 1, 1, 1]);
        expect(mean[1]).toBeCloseTo(125 / 60, 6);
      },
    );
  });

  test('[H1] samples from before the tiers show on long charts, and are rolled up hour by hour', async () => {
    const bucket = newBucketName();
    await admin.makeBucket(bucket);
    const old = perSecond(NOW - 5 * HOUR, 1200, (i) => (i === 7 ? 88 : 5));
    const lines = old.map(({ t, values }) => `samples,device=d cpu=${values['cpu']} ${t}`).join('\n');
    const query = new URLSearchParams({ org: influxd.org, bucket, precision: 'ms' }).toString();
    const reply = await fetch(`${influxd.url}/api/v2/write?${query}`, {
      method: 'POST',
      headers: { authorization: `Token ${influxd.token}` },
      body: lines,
    });
    expect(reply.status).toBe(204);
    const first = await open(bucket, { now: () => NOW });
    expect(await queryCpu(first, NOW - 364 * DAY, NOW, DAY)).toMatchObject({ max: [88], min: [5] });
    expect(await admin.sum(`${bucket}_15m`, 'count', 'd')).toBe(0);
    await first.close();
    const proxy = await startProxy(influxd.url);
    await withPasses(
      bucket,
      { now: () => NOW, url: proxy.url },
      async (history) => {
        proxy.takeReads();
        await queryCpu(history, NOW - 364 * DAY, NOW, DAY);
        return !proxy.takeReads().some((read) => read.bucket === bucket && read.from < NOW - 6 * HOUR);
      },
      async (history) => {
        await admin.deleteData(bucket);
        const year = await queryCpu(history, NOW - 364 * DAY, NOW, DAY);
        expect(year).toMatchObject({ max: [88], min: [5] });
        expect(year.mean[0]).toBeCloseTo((1199 * 5 + 88) / 1200, 6);
        expect(await admin.sum(`${bucket}_1m`, 'count', 'd')).toBe(1200);
        expect(await history.fields('d')).toEqual(['cpu']);
      },
    );
    await proxy.stop();
  });

  test('[H4] the journal keeps late samples until they are rolled up, also over a crash', async () => {
    const bucket = newBucketName();
    let now = NOW;
    const crashed = await open(bucket, { now: () => now });
    expect(await crashed.write([{ deviceId: 'd', samples: perSecond(NOW, 5, () => 1) }], 10)).toBe(10);
    const late = [{ deviceId: 'd', samples: perSecond(NOW - 2 * HOUR, 100, (i) => i) }];
    expect(await crashed.write(late, 20)).toBe(10);
    expect(await crashed.write([{ deviceId: 'd', samples: perSecond(NOW + 5000, 5, () => 1) }], 30)).toBe(10);
    // The first history is not closed, as in a crash. The second one gets what the journal still holds.
    now += MINUTE;
    const next = await open(bucket, { now: () => now });
    expect(await next.write(late, 20)).toBe(0);
    expect(await queryCpu(next, NOW - 2 * HOUR, NOW - HOUR, QUARTER)).toMatchObject({ mean: [49.5] });
    expect(await next.write([{ deviceId: 'd', samples: perSecond(NOW + 10_000, 5, () => 1) }], 40)).toBe(40);
    expect(await admin.sum(`${bucket}_15m`, 'count', 'd')).toBe(100);
    await next.close();
    await crashed.close();
  });

  test('a removed device leaves no data in any InfluxDB bucket', async () => {
    const bucket = newBucketName();
    const history = await open(bucket, { now: () => NOW });
    for (const deviceId of ['gone', 'stays'])
      await history.write([{ deviceId, samples: perSecond(NOW - 3 * HOUR, 100, () => 1) }], 1);
    for (const deviceId of ['gone', 'stays']) await queryCpu(history, NOW - DAY, NOW, HOUR, deviceId);
    await history.write([{ deviceId: 'gone', samples: perSecond(NOW - 20 * DAY, 10, () => 1) }], 2);
    await history.remove('gone');
    await history.close();
    const dataLeft = async (device: string) => [
      await admin.sum(bucket, 'samples', device),
      await admin.sum(`${bucket}_1m`, 'count', device),
      await admin.sum(`${bucket}_15m`, 'count', device),
    ];
    expect(await dataLeft('gone')).toEqual([0, 0, 0]);
    expect(await dataLeft('stays')).toEqual([100, 100, 100]);
  });

  test('with a token for one bucket the history works without tiers, and uses them once the token allows', async () => {
    const bucket = newBucketName();
    await admin.makeBucket(bucket);
    const token = await admin.narrowToken(bucket);
    const { warnings, log: warned } = recordWarnings();
    const history = await open(bucket, { token, log: warned, now: () => NOW });
    await history.write([{ deviceId: 'd', samples: perSecond(NOW - 2 * HOUR, 100, (i) => i) }], 1);
    expect(await queryCpu(history, NOW - 364 * DAY, NOW, DAY)).toMatchObject({ mean: [49.5], max: [99] });
    const advice = `influx bucket create --org watchfloor --name ${bucket}_1m --retention 2160h`;
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(advice);
    const health = await history.health();
    expect(health.healthy).toBe(true);
    expect(health.detail).toContain(advice);
    expect(health.detail).toContain(`${bucket}_15m --retention 26400h`);
    await history.close();

    await admin.makeBucket(`${bucket}_1m`, 90);
    await admin.makeBucket(`${bucket}_15m`, 1100);
    const wider = await admin.narrowToken(bucket, `${bucket}_1m`, `${bucket}_15m`);
    await withPasses(
      bucket,
      { token: wider, now: () => NOW },
      async () => (await admin.sum(`${bucket}_15m`, 'count', 'd')) === 100,
      async (reopened) =>
        expect(await queryCpu(reopened, NOW - 364 * DAY, NOW, DAY)).toMatchObject({ mean: [49.5] }),
    );
  });

  test('a tier whose bucket somebody deletes is made again from the samples', async () => {
    const bucket = newBucketName();
    const history = await open(bucket, { now: () => NOW });
    await history.write([{ deviceId: 'd', samples: perSecond(NOW - 2 * HOUR, 100, (i) => i) }], 1);
    await queryCpu(history, NOW - DAY, NOW, HOUR);
    await admin.deleteBucket(`${bucket}_15m`);
    await expect(queryCpu(history, NOW - DAY, NOW, HOUR)).rejects.toThrow(`${bucket}_15m`);
    expect(await queryCpu(history, NOW - DAY, NOW, HOUR)).toMatchObject({ mean: [49.5] });
    await history.close();
  });

  test.each([
    ['the token', { token: 'wrong' }, 'it does not accept INFLUX_TOKEN'],
    ['the organisation', { org: 'nobody' }, 'no such organisation.*check INFLUX_ORG'],
  ])('when %s is wrong, every call and the health say so', async (_, options, message) => {
    const history = await open('watchfloor', options);
    await expect(history.latest()).rejects.toThrow(new RegExp(message));
    await expect(history.write([{ deviceId: 'd', samples: perSecond(NOW, 1, () => 1) }], 1)).rejects.toThrow(
      new RegExp(message),
    );
    expect((await history.health()).detail).toMatch(new RegExp(message));
    await history.close();
  });

  test('the error says so when the token may not write the tiers', async () => {
    const bucket = newBucketName();
    for (const suffix of ['', '_1m', '_15m']) await admin.makeBucket(`${bucket}${suffix}`);
    const token = await admin.narrowToken(bucket, `${bucket}_1m:read`, `${bucket}_15m:read`);
    const history = await open(bucket, { token });
    await expect(history.latest()).rejects.toThrow('read and write access to the bucket and its tiers');
    await history.close();
  });

  test('the error says what to run when the token may neither read nor make the bucket', async () => {
    const bucket = newBucketName();
    const token = await admin.narrowToken('watchfloor');
    const history = await open(bucket, { token });
    await expect(history.latest()).rejects.toThrow(
      `run "influx bucket create --org watchfloor --name ${bucket} --retention 72h"`,
    );
    await history.close();
  });
});
