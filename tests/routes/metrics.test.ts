import { randomBytes } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deviceDetail, seriesReply, statusReply } from '#protocol/api.ts';
import { pushReply } from '#protocol/sample.ts';
import type { Answer } from '../e2e/client.ts';
import { errorOf, openStage, type Device, type Stage } from './stage.ts';

let stage: Stage;
let device: Device;
/**
 * A whole second, an hour ago; each call of `time` returns the next second, so that no two tests share a
 * time.
 */
const START = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;
let next = START;
const time = () => (next += 1000);

beforeAll(async () => {
  stage = await openStage();
  device = await stage.device('alpha');
});
afterAll(() => stage.close());

const body = (changes: Readonly<Record<string, unknown>> = {}) => ({
  device_id: 'alpha',
  hostname: 'alpha',
  ip: '10.0.0.1',
  metrics: { cpu: 12.5, ram: 40, disk: 70, net_tx: 1000, net_rx: 2000 },
  timestamp: time(),
  ...changes,
});
const raw = (bytes: Buffer | string, headers: Record<string, string> = {}) =>
  stage.client().ask('POST', '/metrics', { token: device.token, body: bytes, headers });
const failNothingRefused = (): never => {
  throw new Error('nothing was refused');
};
const stored = async (from: number, to: number, id = 'alpha', fields = 'cpu') => {
  const answer = await stage.admin.ask(
    'GET',
    `/devices/${id}/metrics?from=${from}&to=${to}&step=1s&fields=${fields}`,
  );
  return answer.as(seriesReply).series;
};

describe('pushes', () => {
  it('[I1] a push of the blueprint is acknowledged, stored and shown', async () => {
    const sent = body();
    const answer = await raw(JSON.stringify(sent));
    expect(answer.status).toBe(200);
    expect(answer.as(pushReply)).toEqual({ accepted: 1, duplicates: 0, interval_s: 5, sample_s: 1 });
    const shown = (await stage.admin.ask('GET', '/devices/alpha')).as(deviceDetail);
    expect(shown).toMatchObject({ status: 'online', metrics: sent.metrics, sampled_at: sent.timestamp });
    expect(await stored(sent.timestamp, sent.timestamp + 1000)).toEqual({
      cpu: [[sent.timestamp, 12.5, 12.5, 12.5]],
    });
  });

  it('[I1] a push in columns is acknowledged, stored, shown and counted', async () => {
    const [a, b] = [time(), time()];
    const fields = ['cpu', 'core:0:cpu', 'disk:sda:read'];
    const rows = [
      [a, 11, null, 5],
      [b, 12, 13, null],
    ];
    const { pushes: before } = (await stage.admin.ask('GET', '/status')).as(statusReply);
    const answer = await stage.push(device, { fields, rows, sent_at: Date.now(), interval_s: 5 });
    expect(answer.as(pushReply)).toMatchObject({ accepted: 2, duplicates: 0 });
    const shown = (await stage.admin.ask('GET', '/devices/alpha')).as(deviceDetail);
    expect(shown).toMatchObject({ metrics: { cpu: 12, 'core:0:cpu': 13 }, sampled_at: b });
    expect(shown.metrics).not.toHaveProperty('disk:sda:read');
    expect(await stored(a, b + 1000, 'alpha', fields.join())).toEqual({
      cpu: [
        [a, 11, 11, 11],
        [b, 12, 12, 12],
      ],
      'core:0:cpu': [[b, 13, 13, 13]],
      'disk:sda:read': [[a, 5, 5, 5]],
    });
    const { pushes: after } = (await stage.admin.ask('GET', '/status')).as(statusReply);
    expect(after.columns - before.columns).toBe(1);
  });

  it('[I2] a push in columns, sent again as a batch of objects, is stored once', async () => {
    const t = time();
    expect((await stage.push(device, { fields: ['cpu'], rows: [[t, 21]] })).as(pushReply).accepted).toBe(1);
    const again = await stage.push(device, { samples: [{ timestamp: t, metrics: { cpu: 21 } }] });
    expect(again.as(pushReply)).toMatchObject({ accepted: 0, duplicates: 1 });
  });

  it('[I5] the error for a time in the future in columns names the row', async () => {
    const error = errorOf(
      await stage.push(device, { fields: ['cpu'], rows: [[Date.now() + 86_400_000, 1]] }),
    );
    expect([error.status, error.code, error.details?.[0]?.path]).toEqual([422, 'clock_ahead', 'rows.0.0']);
  });

  it('[I1] a push may have ISO 8601 times, and a batch may have instances', async () => {
    const [a, b] = [time(), time()];
    const answer = await stage.push(device, {
      samples: [
        { timestamp: new Date(a).toISOString(), metrics: { cpu: 1, core: { 0: { cpu: 2 } } } },
        { timestamp: b, metrics: { cpu: 3, 'disk:sda:read': 9 } },
      ],
    });
    expect(answer.as(pushReply)).toMatchObject({ accepted: 2, duplicates: 0 });
    expect(await stored(a, b + 1000, 'alpha', 'cpu,core:*:cpu,disk:sda:read')).toEqual({
      cpu: [
        [a, 1, 1, 1],
        [b, 3, 3, 3],
      ],
      'core:0:cpu': [[a, 2, 2, 2]],
      'disk:sda:read': [[b, 9, 9, 9]],
    });
  });

  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('[I1] a push may be compressed with %s', async (encoding, compress) => {
    const answer = await raw(compress(JSON.stringify(body())), { 'content-encoding': encoding });
    expect(answer.status).toBe(200);
  });

  it('[I1] a push may be chunked, without a Content-Length', async () => {
    const answer = await raw(JSON.stringify(body()), {
      'transfer-encoding': 'chunked',
      'content-length': '',
    }).catch((error: unknown) => error);
    expect(answer).toMatchObject({ status: 200 });
  });
});

describe('broken bodies', () => {
  it.each([
    ['an empty body', ''],
    ['a body cut in the middle', '{"device_id":'],
    ['a body with NaN', '{"device_id":"alpha","metrics":{"cpu":NaN}}'],
    ['a body of random bytes', randomBytes(400)],
  ])('[I4] %s is refused with 400', async (_, bytes) => {
    expect(errorOf(await raw(bytes))).toMatchObject({ status: 400, code: 'invalid_json' });
  });

  it.each<[string, unknown, string]>([
    ['null as its body', null, ''],
    ['an array as its body', [], ''],
    ['a text as its body', 'x', ''],
    ['no device id', body({ device_id: undefined }), 'device_id'],
    ['a numeric hostname', body({ hostname: 7 }), 'hostname'],
    ['no metrics', body({ metrics: undefined }), 'metrics'],
    ['metrics that are a list', body({ metrics: [1] }), 'metrics'],
    ['a text for a number', body({ metrics: { cpu: '12' } }), 'metrics.cpu'],
    ['true for a number', body({ metrics: { up: true } }), 'metrics.up'],
    ['a bad field name', body({ metrics: { 'a b': 1 } }), 'metrics.a b'],
    ['a number where an instance belongs', body({ metrics: { core: { 0: 5 } } }), 'metrics.core.0'],
    ['a list of numbers', body({ metrics: { core: [5] } }), 'metrics.core.0'],
    ['no time', body({ timestamp: undefined }), 'timestamp'],
    ['a time in words', body({ timestamp: 'yesterday' }), 'timestamp'],
    ['a negative time', body({ timestamp: -1 }), 'timestamp'],
    ['a time of a 1999 clock', body({ timestamp: Date.UTC(1999, 11, 31) }), 'timestamp'],
    ['no samples', body({ samples: [] }), 'samples'],
    ['no rows', body({ fields: ['cpu'], rows: [] }), 'rows'],
    ['a bad name in columns', body({ fields: ['a b'], rows: [[time(), 1]] }), 'fields.0'],
    ['a bad number in columns', body({ fields: ['cpu'], rows: [[time(), -1]] }), 'rows.0.1'],
    ['columns of unequal length', body({ fields: ['cpu'], rows: [[time(), 1, 2]] }), 'rows.0'],
    [
      'a wrong second sample',
      body({
        samples: [
          { timestamp: time(), metrics: {} },
          { timestamp: time(), metrics: { cpu: -1 } },
        ],
      }),
      'samples.1.metrics.cpu',
    ],
    ['an interval of 0', body({ interval_s: 0 }), 'interval_s'],
    ['a text sent_at', body({ sent_at: 'x' }), 'sent_at'],
  ])('[I4] a push with %s is refused with 422 that names the first wrong field', async (_, sent, path) => {
    const error = errorOf(await raw(JSON.stringify(sent)));
    expect(error).toMatchObject({ status: 422, code: 'invalid_body' });
    expect(error.details?.[0]?.path).toBe(path);
    expect(error.message).toContain(path === '' ? 'The body' : path);
  });

  it('[I4] a body over 1 MiB is refused with 413, and the connection is closed', async () => {
    const answer = await raw(Buffer.alloc(1024 * 1024 + 1, 32));
    expect(errorOf(answer)).toMatchObject({ status: 413, code: 'too_large' });
    expect(answer.headers.connection).toBe('close');
  });

  it.each([
    ['gzip', gzipSync(Buffer.alloc(64 * 1024 * 1024))],
    ['zstd', zstdCompressSync(Buffer.alloc(256 * 1024 * 1024))],
  ])('[I4] a %s bomb is refused with 413', async (encoding, bomb) => {
    expect(bomb.length).toBeLessThan(100_000);
    const error = errorOf(await raw(bomb, { 'content-encoding': encoding }));
    expect(error).toMatchObject({ status: 413, code: 'too_large' });
  });

  it.each([
    ['gzip that is not gzip', 'gzip', Buffer.from('{}'), 400, 'invalid_encoding'],
    [
      'gzip cut in the middle',
      'gzip',
      gzipSync(JSON.stringify(body())).subarray(0, 60),
      400,
      'invalid_encoding',
    ],
    ['zstd that is not zstd', 'zstd', randomBytes(50), 400, 'invalid_encoding'],
    ['Brotli', 'br', Buffer.from('{}'), 415, 'unsupported_encoding'],
  ])('[I4] a body with the encoding %s is refused', async (_, encoding, bytes, status, code) => {
    expect(errorOf(await raw(bytes, { 'content-encoding': encoding }))).toMatchObject({ status, code });
  });

  it('[I4] a body nested half a million levels deep is refused', async () => {
    const sent = `{"device_id":"alpha","metrics":${'['.repeat(500_000)}${']'.repeat(500_000)}}`;
    expect((await raw(sent)).status).toBe(400);
  });

  it('[I4] the server is ready after all broken bodies', async () => {
    expect((await stage.client().ask('GET', '/readyz')).status).toBe(200);
  });
});

describe('impossible values', () => {
  it.each([
    ['1e308', '1e308'],
    ['-1e308', '-1e308'],
    ['1e400, which is Infinity', '1e400'],
    ['1e19', '1e19'],
    ['a negative percentage', '-0.5'],
  ])('[I5] %s is refused and not stored', async (_, number) => {
    const t = time();
    const text = JSON.stringify(body({ timestamp: t, metrics: { cpu: 777 } })).replace('777', number);
    const error = errorOf(await raw(text));
    expect(error).toMatchObject({ status: 422, code: 'invalid_body' });
    expect(error.details?.[0]?.path).toBe('metrics.cpu');
    expect(await stored(t, t + 1000)).toEqual({});
  });

  it('[I5] a percentage over 100 is stored as 100', async () => {
    const t = time();
    await stage.push(device, { timestamp: t, metrics: { cpu: 100.7 } });
    expect(await stored(t, t + 1000)).toEqual({ cpu: [[t, 100, 100, 100]] });
  });

  it('[I5] a null value is left out of the sample', async () => {
    const t = time();
    expect((await stage.push(device, { timestamp: t, metrics: { cpu: 5, swap: null } })).status).toBe(200);
    expect(await stored(t, t + 1000, 'alpha', 'cpu,swap')).toEqual({ cpu: [[t, 5, 5, 5]] });
  });

  it('names such as "constructor" are ordinary field names, and "__proto__" is refused', async () => {
    const t = time();
    const text = (metrics: string) =>
      JSON.stringify(body({ timestamp: t, metrics: 777 })).replace('777', metrics);
    expect((await raw(text('{"constructor":5,"toString":6,"hasOwnProperty":7}'))).status).toBe(200);
    expect(await stored(t, t + 1000, 'alpha', 'constructor,toString,hasOwnProperty,valueOf')).toEqual({
      constructor: [[t, 5, 5, 5]],
      toString: [[t, 6, 6, 6]],
      hasOwnProperty: [[t, 7, 7, 7]],
    });
    expect((await stage.admin.ask('GET', '/devices/alpha')).status).toBe(200);
    expect((await stage.admin.ask('GET', '/metrics')).status).toBe(200);
    expect(errorOf(await raw(text('{"__proto__":8}'))).details?.[0]?.path).toBe('metrics.__proto__');
  });
});

describe('impossible times', () => {
  it('[I5] without sent_at, a sample is refused 6 minutes ahead and accepted 4 minutes ahead', async () => {
    const clock = await stage.device('ahead');
    const soon = Date.now() + 240_000;
    const refused = await stage.push(clock, { timestamp: Date.now() + 360_000, metrics: { cpu: 1 } });
    expect(errorOf(refused)).toMatchObject({ status: 422, code: 'clock_ahead' });
    expect(errorOf(refused).details?.[0]?.path).toBe('timestamp');
    expect((await stage.push(clock, { timestamp: soon, metrics: { cpu: 1 } })).status).toBe(200);
  });

  it('[I5] a sample older than the history keeps is refused; one a year old is accepted', async () => {
    const old = await stage.device('old');
    const answer = await stage.push(old, { timestamp: Date.now() - 1200 * 86_400_000, metrics: { cpu: 1 } });
    expect(errorOf(answer)).toMatchObject({ status: 422, code: 'invalid_body' });
    const year = Math.floor(Date.now() / 1000) * 1000 - 365 * 86_400_000;
    expect((await stage.push(old, { timestamp: year, metrics: { cpu: 1 } })).as(pushReply).accepted).toBe(1);
  });

  it('[I5] a sent_at an hour off shifts samples and flags the device; a resend is stored once', async () => {
    const skewed = await stage.device('skewed');
    const theirs = Date.now() - 3_600_000;
    const sent = { sent_at: theirs, timestamp: theirs - 1000, metrics: { cpu: 42 } };
    expect((await stage.push(skewed, sent)).as(pushReply)).toMatchObject({ accepted: 1, duplicates: 0 });
    expect((await stage.push(skewed, sent)).as(pushReply)).toMatchObject({ accepted: 0, duplicates: 1 });
    const shown = (await stage.admin.ask('GET', '/devices/skewed')).as(deviceDetail);
    expect(shown.clock_skew_ms).toBeGreaterThan(3_590_000);
    expect(shown.clock_skew_ms).toBeLessThan(3_610_000);
    expect(shown.sampled_at).toBeGreaterThan(Date.now() - 10_000);
    const series = await stored(Date.now() - 60_000, Date.now() + 60_000, 'skewed');
    expect(series['cpu']?.filter(([, min]) => min !== null)).toHaveLength(1);
    await stage.push(skewed, { sent_at: Date.now(), timestamp: Date.now(), metrics: { cpu: 1 } });
    expect((await stage.admin.ask('GET', '/devices/skewed')).as(deviceDetail).clock_skew_ms).toBeNull();
  });

  it.each([
    ['1970', 26_000],
    ['1994', Date.UTC(1994, 5, 1)],
    ['2099', Date.UTC(2099, 5, 1)],
    ['two days ago', Date.now() - 2 * 86_400_000],
    ['the day after tomorrow', Date.now() + 2 * 86_400_000],
  ])(
    '[I5] the samples of a device that believes it is %s land at the time of their push',
    async (name, then) => {
      const lost = await stage.device(`year-${name.replaceAll(' ', '-')}`);
      const rows = Array.from({ length: 26 }, (_, i) => [then - 25_000 + i * 1000, i]);
      const answer = await stage.push(lost, { sent_at: then, fields: ['cpu'], rows });
      expect(answer.as(pushReply)).toMatchObject({ accepted: 26 });
      const shown = (await stage.admin.ask('GET', `/devices/${lost.id}`)).as(deviceDetail);
      expect(Math.abs((shown.sampled_at ?? 0) - Date.now())).toBeLessThan(60_000);
      expect(shown.clock_skew_ms).not.toBeNull();
      expect(shown.metrics).toEqual({ cpu: 25 });
    },
  );

  it.each([
    ['0', 0],
    ['the end of time', 8.64e15],
  ])('[I5] a push with a sent_at of %s is refused', async (name, sent_at) => {
    const broken = await stage.device(`sent-${String(sent_at).slice(0, 1)}`);
    const answer = await stage.push(broken, { sent_at, timestamp: Date.now(), metrics: { cpu: 1 } });
    expect({ name, status: answer.status }).toEqual({ name, status: 422 });
  });
});

describe('duplicates', () => {
  it('[I2] a resend after a lost reply is stored once', async () => {
    const t = time();
    const sent = { timestamp: t, metrics: { cpu: 31 } };
    expect((await stage.push(device, sent)).as(pushReply)).toMatchObject({ accepted: 1, duplicates: 0 });
    expect((await stage.push(device, sent)).as(pushReply)).toMatchObject({ accepted: 0, duplicates: 1 });
    expect(await stored(t, t + 1000)).toEqual({ cpu: [[t, 31, 31, 31]] });
  });

  it('[I2] a sample that is pushed ten times at the same moment is stored once', async () => {
    const t = time();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => stage.push(device, { timestamp: t, metrics: { cpu: 32 } })),
    );
    expect(answers.map((answer) => answer.status)).toEqual(Array(10).fill(200));
    expect(answers.reduce((sum, answer) => sum + answer.as(pushReply).accepted, 0)).toBe(1);
    expect(await stored(t, t + 1000)).toEqual({ cpu: [[t, 32, 32, 32]] });
  });

  it('[I2] a sample that is twice in a batch is stored once, in any order', async () => {
    const [a, b] = [time(), time()];
    const sample = (timestamp: number) => ({ timestamp, metrics: { cpu: 33 } });
    const answer = await stage.push(device, { samples: [sample(b), sample(a), sample(b)] });
    expect(answer.as(pushReply)).toMatchObject({ accepted: 2, duplicates: 1 });
  });

  it('[I2] a spool that overlaps stored samples adds only the new ones', async () => {
    const times = Array.from({ length: 6 }, time);
    const sample = (timestamp: number) => ({ timestamp, metrics: { cpu: 34 } });
    await stage.push(device, { samples: [times[1] ?? 0, times[4] ?? 0].map(sample) });
    const answer = await stage.push(device, { samples: times.map(sample) });
    expect(answer.as(pushReply)).toMatchObject({ accepted: 4, duplicates: 2 });
    expect((await stored(times[0] ?? 0, (times[5] ?? 0) + 1000))['cpu']).toHaveLength(6);
  });

  it('[I2] a resend after a restart of the server is still a duplicate', async () => {
    const sent = { timestamp: time(), metrics: { cpu: 35 } };
    await stage.push(device, sent);
    await stage.restart();
    expect((await stage.push(device, sent)).as(pushReply)).toMatchObject({ accepted: 0, duplicates: 1 });
    const later = { timestamp: time(), metrics: { cpu: 36 } };
    expect((await stage.push(device, later)).as(pushReply)).toMatchObject({ accepted: 1, duplicates: 0 });
  });

  it('[I2] a resend does not count dropped samples again', async () => {
    const lossy = await stage.device('lossy');
    const sent = { timestamp: time(), metrics: { cpu: 1 }, dropped: 7 };
    await stage.push(lossy, sent);
    await stage.push(lossy, sent);
    expect((await stage.admin.ask('GET', '/devices/lossy')).as(deviceDetail).dropped).toBe(7);
  });
});

describe('device tokens', () => {
  it.each([
    ['a missing token', ''],
    ['an unknown token', 'Bearer wf_device_0000000000000000000000000000000000000000000'],
    ['a token of another scheme', 'Basic YWxwaGE6YWxwaGE='],
    ['an empty token', 'Bearer '],
    ['the token "__proto__"', 'Bearer __proto__'],
  ])('[I3] %s is refused with 401, and nothing is stored', async (_, authorization) => {
    const t = time();
    const answer = await stage.client().ask('POST', '/metrics', {
      body: body({ timestamp: t }),
      ...(authorization === '' ? {} : { headers: { authorization } }),
    });
    expect(errorOf(answer)).toMatchObject({ status: 401, code: 'invalid_token' });
    expect(await stored(t, t + 1000)).toEqual({});
  });

  it('[I3] a token of another device is refused with 403, and neither device changes', async () => {
    const other = await stage.device('other');
    const t = time();
    const answer = await stage.client().ask('POST', '/metrics', {
      token: other.token,
      body: body({ timestamp: t }),
    });
    expect(errorOf(answer)).toMatchObject({ status: 403, code: 'other_device' });
    expect(await stored(t, t + 1000)).toEqual({});
    expect((await stage.admin.ask('GET', '/devices/other')).as(deviceDetail).last_seen).toBeNull();
  });

  it('[I3] a revoked token is refused with 401 at once, also after a restart', async () => {
    const leaving = await stage.device('leaving');
    const sent = () => ({ timestamp: time(), metrics: { cpu: 1 } });
    expect((await stage.push(leaving, sent())).status).toBe(200);
    expect((await stage.admin.ask('DELETE', '/devices/leaving/token')).status).toBe(204);
    expect((await stage.push(leaving, sent())).status).toBe(401);
    await stage.restart();
    expect((await stage.push(leaving, sent())).status).toBe(401);
  });

  it('[I3] after a rotation, the old token is refused at once and the new one works', async () => {
    const turning = await stage.device('turning');
    const sent = () => ({ timestamp: time(), metrics: { cpu: 1 } });
    const answer = await stage.admin.ask('POST', '/devices/turning/token');
    const token = String(JSON.parse(answer.text).token);
    expect((await stage.push(turning, sent())).status).toBe(401);
    expect((await stage.push({ id: 'turning', token }, sent())).status).toBe(200);
  });

  it('[I3] the token of a removed device is refused with 401', async () => {
    const gone = await stage.device('gone');
    await stage.push(gone, { timestamp: time(), metrics: { cpu: 1 } });
    expect((await stage.admin.ask('DELETE', '/devices/gone')).status).toBe(204);
    expect((await stage.push(gone, { timestamp: time(), metrics: { cpu: 1 } })).status).toBe(401);
    expect((await stage.admin.ask('GET', '/devices/gone')).status).toBe(404);
  });
});

describe('budget', () => {
  it('[I6] a device that floods gets 429 with Retry-After, and no other device does', async () => {
    const flood = await stage.device('flood');
    let refused: Answer[] = [];
    // Floods until the first refusal, as a slow test machine needs several rounds.
    for (let round = 0; round < 50 && refused.length === 0; round++) {
      const sent = Array.from({ length: 50 }, () =>
        stage.push(flood, { timestamp: time(), metrics: { cpu: 1 } }),
      );
      refused = (await Promise.all(sent)).filter(({ status }) => status === 429);
    }
    expect(errorOf(refused[0] ?? failNothingRefused()).code).toBe('too_fast');
    expect(Number(refused[0]?.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect((await stage.push(device, { timestamp: time(), metrics: { cpu: 1 } })).status).toBe(200);
  });
});
