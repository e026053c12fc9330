/** What a real InfluxDB, or a proxy before it, refuses: only what InfluxDB names is left out, nothing else. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Sample } from '#protocol/sample.ts';
import { openInfluxHistory } from '../../influx/influx.ts';
import type { History } from '../../server/history/history.ts';
import { createLog } from '../../server/app/log.ts';
import { adminOf } from '../influx/admin.ts';
import { findInfluxd, startInfluxd, type Influxd } from '../influx/influxd.ts';
import { bare, page, startProxy, type Fault, type Proxy } from '../influx/proxy.ts';

const binary = findInfluxd();
const log = createLog('silent');
const MINUTE = 60_000;
const DAY = 86_400_000;
/** An hour ago: within every retention, and an hour that other tests of a device do not use. */
const START = Math.floor(Date.now() / MINUTE) * MINUTE - 60 * MINUTE;

/** Made with the default retention: InfluxDB then has a shard for each day. */
const BUCKET = 'refusals';

const samples = (count: number, values: (i: number) => Record<string, number>, from = START): Sample[] =>
  Array.from({ length: count }, (_, i) => ({ t: from + i * 1000, values: values(i) }));

const json = (status: number, body: object): Fault => ({
  kind: 'answer',
  status,
  type: 'application/json; charset=utf-8',
  body: JSON.stringify(body),
});

describe.skipIf(binary === undefined)('refusals, with a real influxd', () => {
  let influxd: Influxd;
  let proxy: Proxy;
  let history: History;
  let notices: string[] = [];
  let position = 0;
  let devices = 0;

  beforeAll(async () => {
    influxd = await startInfluxd(binary ?? '');
    proxy = await startProxy(influxd.url);
    const notice = (text: string) => void notices.push(text);
    history = await openInfluxHistory({ ...influxd, bucket: BUCKET, url: proxy.url, log, notice });
    // Makes the bucket.
    await history.fields('none');
  });
  afterAll(async () => {
    await history.close();
    await proxy.stop();
    await influxd.stop();
  });

  const write = (deviceId: string, all: readonly Sample[]) =>
    history.write([{ deviceId, samples: all }], ++position);
  const stored = async (deviceId: string, from = START) =>
    (await history.timestamps(deviceId, from, from + 60 * MINUTE)).length;
  async function writeRaw(lines: string): Promise<void> {
    const to = new URLSearchParams({ org: influxd.org, bucket: BUCKET, precision: 'ms' });
    const reply = await fetch(`${influxd.url}/api/v2/write?${to.toString()}`, {
      method: 'POST',
      headers: { authorization: `Token ${influxd.token}` },
      body: lines,
    });
    expect(reply.status).toBe(204);
  }

  test.each<[string, Fault, RegExp]>([
    ['a 400 page', page(400), /something before it answers 400/],
    ['a 413 page, for any size', page(413), /even the smallest request is too large/],
    ['a 422 page', page(422), /something before it answers 422/],
    ['a 403 page', page(403), /something before it answers 403/],
    ['a 404 page', page(404), /something before it answers 404/],
    ['a 500 page', page(500), /something before it answers 500/],
    ['JSON of another program', json(400, { error: 'partial write of line protocol occurred' }), /400/],
    [
      'an error of InfluxDB about no line',
      json(400, { code: 'invalid', message: 'bad precision' }),
      /bad precision/,
    ],
    ['a page with status 200', page(200), /something else answers there \(status 200, text\/html\)/],
    ['an empty 200', { kind: 'answer', status: 200, type: 'text/plain', body: '' }, /something else answers/],
    ['a bare 204', bare(204), /something else answers there \(status 204 without a header of InfluxDB/],
    ['a bare 200', bare(200), /something else answers there \(status 200, no content\)/],
    ['a redirect to a login', page(302), /something before it answers 302/],
    ['a cut answer', { kind: 'cut' }, /cannot be reached/],
  ])('[H4] %s to a write leaves nothing out: all samples arrive later, once', async (_, fault, reason) => {
    const id = `proxy-${devices++}`;
    const all = samples(500, (i) => ({ cpu: i, ram: 1 }));
    notices = [];
    proxy.disturb(fault, '/api/v2/write');
    await expect(write(id, all)).rejects.toThrow(reason);
    proxy.disturb(undefined);
    await write(id, all);
    expect(await stored(id)).toBe(500);
    expect(notices).toEqual([]);
    const range = { from: START, to: START + 10 * MINUTE, step: 1000 };
    const { series } = await history.query({ deviceId: id, ...range, fields: ['cpu'] });
    expect(series.get('cpu')?.mean).toEqual(all.map(({ values }) => values['cpu']));
  });

  test('[H4] behind a proxy that removes the headers of InfluxDB, samples are taken, but not by a proxy that answers itself', async () => {
    proxy.disturb({ kind: 'stripped' });
    const behind = await openInfluxHistory({ ...influxd, bucket: BUCKET, url: proxy.url, log });
    const all = [{ deviceId: 'stripped', samples: samples(5, () => ({ cpu: 1 })) }];
    await behind.write(all, 5);
    expect(await stored('stripped')).toBe(5);
    proxy.disturb(bare(204));
    await expect(behind.write(all, 6)).rejects.toThrow(/something else answers there/);
    proxy.disturb(undefined);
    await behind.close();
  });

  test('[H4] a batch over the limit of a proxy goes in smaller ones', async () => {
    const all = samples(3000, (i) => ({ cpu: Math.sin(i), ram: Math.cos(i) }));
    proxy.disturb({ kind: 'limit', bytes: 8_000 }, '/api/v2/write');
    await write('limit', all);
    proxy.disturb(undefined);
    expect(await stored('limit')).toBe(3000);
    expect(notices).toEqual([]);
  });

  test('[I7] a field that InfluxDB holds with another type costs only its own values, and is told', async () => {
    await writeRaw(`samples,device=foreign temperature="text" ${START}`);
    notices = [];
    const good = { deviceId: 'good', samples: samples(20, () => ({ ram: 2 })) };
    const mixed = {
      deviceId: 'conflict',
      samples: samples(10, (i) => ({ temperature: i, ram: 1, 'load, 1': 3 })),
    };
    await history.write([mixed, good], ++position);
    const range = { from: START, to: START + MINUTE, step: MINUTE };
    const read = await history.query({ deviceId: 'conflict', ...range, fields: ['ram', 'load, 1'] });
    expect([...read.series].map(([name, { mean }]) => [name, mean])).toEqual([
      ['ram', [1]],
      ['load, 1', [3]],
    ]);
    expect(await stored('good')).toBe(20);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatch(/left out: .*field type conflict: input field "temperature"/);
  });

  test('[I7] two fields of another type, in different samples, cost only themselves', async () => {
    await writeRaw(`samples,device=two a="text",b\\ c=true ${START}`);
    await write('two', [
      { t: START + 1000, values: { a: 1, d: 4 } },
      { t: START + 2000, values: { 'b c': 2, d: 5 } },
      { t: START + 3000, values: { a: 1 } },
      { t: START + 4000, values: { d: 6 } },
    ]);
    const at = (seconds: number) => START + seconds * 1000;
    expect(await history.timestamps('two', START + 1, START + MINUTE)).toEqual([at(1), at(2), at(4)]);
  });

  test('[I7] a type that is wrong on one day only costs the values of that day only', async () => {
    const earlier = START - DAY;
    await writeRaw(`samples,device=days disk="full" ${earlier}`);
    await write('days', [
      ...samples(5, () => ({ disk: 50 }), earlier + 1000),
      ...samples(5, () => ({ disk: 60 })),
    ]);
    expect(await stored('days', earlier + 1)).toBe(0);
    expect(await stored('days')).toBe(5);
  });

  test('samples that a bucket without tiers no longer keeps are left out; those beside them are stored', async () => {
    const admin = adminOf(influxd);
    await admin.makeBucket('short', 1);
    const token = await admin.narrowToken('short');
    const told: string[] = [];
    const narrow = await openInfluxHistory({
      ...{ ...influxd, bucket: 'short', token, log },
      notice: (text) => void told.push(text),
    });
    const all = [...samples(7, () => ({ cpu: 1 }), START - 3 * DAY), ...samples(9, () => ({ cpu: 2 }))];
    await narrow.write([{ deviceId: 'old', samples: all }], 1);
    expect(await narrow.timestamps('old', START - 4 * DAY, START + MINUTE)).toHaveLength(9);
    expect(told).toEqual([expect.stringContaining('older than the InfluxDB bucket short keeps')]);
    await narrow.close();
  });

  test('[H4] samples that InfluxDB refuses as too old only because of its clock are kept', async () => {
    const bound = new Date(START + 30 * DAY).toISOString();
    const message = `failure writing points to database: partial write: dropped 20 points outside retention policy of duration 72h0m0s - oldest point samples,device=c at x dropped because it violates a Retention Policy Lower Bound at ${bound} dropped=20 for database: x`;
    proxy.disturb(json(422, { code: 'unprocessable entity', message }), '/api/v2/write');
    const all = samples(20, () => ({ cpu: 1 }));
    await expect(write('clock', all)).rejects.toThrow(/check the clocks of both machines/);
    proxy.disturb(undefined);
    await write('clock', all);
    expect(await stored('clock')).toBe(20);
  });
});
