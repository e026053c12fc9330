/** What the owner of an InfluxDB does to it while a history runs on it, and names that are meant to break it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Sample } from '#protocol/sample.ts';
import { openInfluxHistory } from '../../influx/influx.ts';
import type { History } from '../../server/history/history.ts';
import { createLog } from '../../server/app/log.ts';
import { adminOf, type Admin } from '../influx/admin.ts';
import { findInfluxd, startInfluxd, type Influxd } from '../influx/influxd.ts';

const binary = findInfluxd();
const log = createLog('silent');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Math.floor(Date.now() / MINUTE) * MINUTE - 10 * MINUTE;

const samples = (count: number, values: Record<string, number> = { cpu: 1 }, from = START): Sample[] =>
  Array.from({ length: count }, (_, i) => ({ t: from + i * 1000, values }));

describe.skipIf(binary === undefined)('with a real influxd', () => {
  let influxd: Influxd;
  let admin: Admin;
  let buckets = 0;
  const histories: History[] = [];

  beforeAll(async () => {
    influxd = await startInfluxd(binary ?? '');
    admin = adminOf(influxd);
  });
  afterAll(async () => {
    for (const history of histories) await history.close();
    await influxd.stop();
  });

  async function open(options: Partial<Influxd> = {}): Promise<{ history: History; bucket: string }> {
    const bucket = `owner-${buckets++}`;
    const history = await openInfluxHistory({ ...influxd, bucket, ...options, log });
    histories.push(history);
    return { history, bucket: options.bucket ?? bucket };
  }

  test('a token that is revoked while the history runs is named, and a new one brings what waited', async () => {
    const { history: maker, bucket } = await open();
    await maker.write([{ deviceId: 'd', samples: samples(1) }], 1);
    const token = await admin.narrowToken(bucket, `${bucket}_1m`, `${bucket}_15m`);
    const { history } = await open({ bucket, token });
    await history.write([{ deviceId: 'd', samples: samples(5) }], 1);
    await admin.revokeToken(token);
    await expect(history.write([{ deviceId: 'd', samples: samples(9) }], 2)).rejects.toThrow(
      'it does not accept INFLUX_TOKEN',
    );
    expect(await history.health()).toMatchObject({
      healthy: false,
      detail: expect.stringContaining('INFLUX_TOKEN'),
    });
    const renewed = await admin.narrowToken(bucket, `${bucket}_1m`, `${bucket}_15m`);
    const { history: next } = await open({ bucket, token: renewed });
    await next.write([{ deviceId: 'd', samples: samples(9) }], 2);
    expect(await next.timestamps('d', START, START + MINUTE)).toHaveLength(9);
  });

  test('[H4] a bucket that is deleted while the history runs is made again by the next try', async () => {
    const { history, bucket } = await open();
    await history.write([{ deviceId: 'd', samples: samples(5) }], 1);
    await admin.deleteBucket(bucket);
    await expect(history.write([{ deviceId: 'd', samples: samples(9) }], 2)).rejects.toThrow(/not found/);
    await history.write([{ deviceId: 'd', samples: samples(9) }], 2);
    expect(await history.timestamps('d', START, START + MINUTE)).toHaveLength(9);
    expect(await history.health()).toMatchObject({ healthy: true });
  });

  test('[H4] where the token may not make the bucket again, the error says what to run', async () => {
    const { history: maker, bucket } = await open();
    await maker.write([{ deviceId: 'd', samples: samples(1) }], 1);
    const token = await admin.narrowToken(bucket);
    const { history } = await open({ bucket, token });
    await history.write([{ deviceId: 'd', samples: samples(5) }], 1);
    await admin.deleteBucket(bucket);
    const write = () => history.write([{ deviceId: 'd', samples: samples(9) }], 2);
    await expect(write()).rejects.toThrow();
    await expect(write()).rejects.toThrow(/run "influx bucket create --org watchfloor --name owner-/);
  });

  test('[H4] samples beyond a retention that is shortened meanwhile go into the tiers, and none is lost', async () => {
    const { history, bucket } = await open();
    await history.write([{ deviceId: 'd', samples: samples(5) }], 1);
    await admin.setRetention(bucket, 1);
    const old = samples(60, { cpu: 7 }, Math.floor((START - 2 * DAY) / HOUR) * HOUR);
    const write = () => history.write([{ deviceId: 'd', samples: old }], 2);
    await expect(write()).rejects.toThrow(/check the clocks of both machines, and the bucket's retention/);
    await write();
    const from = old[0]?.t ?? 0;
    const { series } = await history.query({
      ...{ deviceId: 'd', from, to: from + HOUR, step: HOUR },
      fields: ['cpu'],
    });
    expect(series.get('cpu')).toMatchObject({ t: [from], mean: [7] });
  });

  test('[S6] names that are meant to break lines, queries or objects come back as they are, alone', async () => {
    const { history } = await open();
    const fields = [
      ...['constructor', 'toString', '__proto__', 'hasOwnProperty', 'time', '_time', '_measurement'],
      ...['a b', 'a,b', 'a=b', 'a"b', 'a\\', "a'b", 'cpu=1,ram', '#comment', 'x\ty', '${r._value}', '%5C'],
      ...['") or true or (r._field == "', '日本 🛰', 'mount:/srv/data, old=1:used', 'device'],
    ];
    const ids = [
      ...[
        'constructor',
        '__proto__',
        'a b,c=d',
        'q"x',
        'back\\',
        'device="x" or device="y"',
        '${x}',
        ' lead',
      ],
      ...['") or (r.device == "constructor', "it's", '日本'],
    ];
    for (const [i, deviceId] of ids.entries()) {
      // `fromEntries` makes an own key of `__proto__`.
      const values: Record<string, number> = Object.fromEntries(fields.map((name, n) => [name, n + i / 100]));
      await history.write([{ deviceId, samples: samples(3, values) }], i + 1);
    }
    const latest = await history.latest();
    expect([...latest.keys()].toSorted()).toEqual(ids.toSorted());
    for (const [i, deviceId] of ids.entries()) {
      expect(await history.fields(deviceId)).toEqual(fields.toSorted());
      expect(Object.entries(latest.get(deviceId)?.values ?? {})).toHaveLength(fields.length);
      const range = { deviceId, from: START, to: START + MINUTE, step: MINUTE, fields };
      const { series } = await history.query(range);
      expect([...series].map(([name, { mean }]) => [name, mean[0]?.toFixed(2)])).toEqual(
        fields.map((name, n) => [name, (n + i / 100).toFixed(2)]),
      );
    }
    const [gone = '', ...others] = ids.toReversed();
    await history.remove(gone);
    await history.remove('device="x" or device="y"');
    expect(await history.fields(gone)).toEqual([]);
    for (const deviceId of others.filter((id) => !id.startsWith('device=')))
      expect(await history.timestamps(deviceId, START, START + MINUTE)).toHaveLength(3);
  });
});
