import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { seriesReply, statusReply } from '#protocol/api.ts';
import { parseNetworks } from '../../server/http/address.ts';
import { toPoints, widthFor } from '../../server/routes/series.ts';
import { openLive } from '../e2e/live.ts';
import { errorOf, openStage, type Device, type Stage } from './stage.ts';

const SCRAPE_TOKEN = 'a scrape token of some length';
let stage: Stage;
let device: Device;
/** A whole minute, ten minutes ago. */
const T = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;

beforeAll(async () => {
  stage = await openStage({
    scrapeToken: SCRAPE_TOKEN,
    trustedProxies: parseNetworks(['127.0.0.7']),
    allowAgents: parseNetworks(['127.0.0.0/8']),
    allowPeople: parseNetworks(['127.0.0.0/8', '203.0.113.0/24']),
  });
  device = await stage.device('read');
  await stage.push(device, {
    samples: [0, 1, 2, 60, 61].map((s) => ({
      timestamp: T + s * 1000,
      metrics: { cpu: s, mount: { '/': { used: 50 }, '/var': { used: 60 } } },
    })),
  });
});
afterAll(() => stage.close());

const series = (query: string) => stage.admin.ask('GET', `/devices/read/metrics?${query}`);

describe('history', () => {
  it('[H2] a series has min, mean and max per bucket, with nulls where a gap begins', async () => {
    const answer = (await series(`from=${T}&to=${T + 120_000}&step=1s&fields=cpu`)).as(seriesReply);
    expect(answer).toEqual({
      device_id: 'read',
      from: T,
      to: T + 120_000,
      step_ms: 1000,
      series: {
        cpu: [
          [T, 0, 0, 0],
          [T + 1000, 1, 1, 1],
          [T + 2000, 2, 2, 2],
          [T + 3000, null, null, null],
          [T + 60_000, 60, 60, 60],
          [T + 61_000, 61, 61, 61],
        ],
      },
    });
    const wide = (await series(`from=${T}&to=${T + 120_000}&step=1m&fields=cpu`)).as(seriesReply);
    expect(wide.series['cpu']).toEqual([
      [T, 0, 1, 2],
      [T + 60_000, 60, 60.5, 61],
    ]);
  });

  it('[H2] a series query takes patterns and several fields, and returns all fields by default', async () => {
    const names = async (fields: string) =>
      Object.keys((await series(`from=${T}&to=${T + 120_000}${fields}`)).as(seriesReply).series).sort();
    expect(await names('&fields=mount:*:used')).toEqual(['mount:/:used', 'mount:/var:used']);
    expect(await names('&fields=cpu&fields=mount:/:used,nothing')).toEqual(['cpu', 'mount:/:used']);
    expect(await names('')).toEqual(['cpu', 'mount:/:used', 'mount:/var:used']);
    expect(await names('&fields=__proto__,constructor')).toEqual([]);
  });

  it('[H2] a series query with "field" takes each name as it is, with its commas and asterisks', async () => {
    const odd = await stage.device('odd');
    const names = ['mount:/a,b:used', 'mount:/*:used', 'mount:/c:used'];
    await stage.push(odd, {
      timestamp: Date.now(),
      metrics: Object.fromEntries(names.map((name) => [name, 1])),
    });
    const found = async (...asked: readonly string[]) => {
      const query = asked.map((name) => `field=${encodeURIComponent(name)}`).join('&');
      const answer = await stage.admin.ask('GET', `/devices/odd/metrics?${query}`);
      const { series } = answer.as(seriesReply);
      return Object.keys(series).filter((name) => series[name]?.length !== 0);
    };
    for (const name of names) expect(await found(name)).toEqual([name]);
    expect((await found(...names, 'nothing')).sort()).toEqual([...names].sort());
    await stage.admin.ask('DELETE', '/devices/odd');
  });

  it('[H2] a series query takes ISO 8601 times, and its default is the last five minutes', async () => {
    const iso = (t: number) => new Date(t).toISOString();
    const answer = await series(`from=${iso(T)}&to=${iso(T + 60_000)}`);
    expect(answer.as(seriesReply)).toMatchObject({ from: T, to: T + 60_000 });
    const now = (await series('')).as(seriesReply);
    expect(now.to - now.from).toBe(300_000);
  });

  it.each([
    ['from=yesterday', 'from'],
    ['from=-5', 'from'],
    ['to=1e3', 'to'],
    ['from=99999999999999999999', 'from'],
    ['from=2000&to=1000', 'from'],
    ['from=1000&to=1000', 'from'],
    ['step=0', 'step'],
    ['step=-1s', 'step'],
    ['step=10', 'step'],
    ['step=fast', 'step'],
    ['step=1w', 'step'],
    ['from=0&step=1s', 'step'],
    [`step=${'9'.repeat(310)}d`, 'step'],
    ['step=367d', 'step'],
    [
      `from=${T}&to=${T + 5_000_000}&step=1s&fields=${Array.from({ length: 61 }, (_, i) => `f${i}`).join()}`,
      'fields',
    ],
    [`step=${'9'.repeat(30)}`, 'step'],
  ])(
    '[H2] a series query with %s is refused with 400 that names the wrong parameter',
    async (query, path) => {
      const error = errorOf(await series(query));
      expect(error).toMatchObject({ status: 400, code: 'invalid_query' });
      expect(error.details?.[0]?.path).toBe(path);
    },
  );

  it('[H2] a series query over all time is answered', async () => {
    const answer = (await series(`from=0&to=${T + 120_000}&fields=cpu`)).as(seriesReply);
    expect(answer.series['cpu']?.length).toBeGreaterThan(0);
    expect((await series('to=0')).status).toBe(200);
  });

  it('[H2] the default width makes at most 600 buckets', () => {
    for (const range of [1000, 300_000, 3_600_000, 86_400_000, 365 * 86_400_000, 60 * 365 * 86_400_000])
      expect(range / widthFor(range)).toBeLessThanOrEqual(600);
    expect(widthFor(300_000)).toBe(1000);
  });

  it('[H2] samples taken once a minute have no gaps between them', () => {
    const t = [0, 60_000, 120_000, 600_000];
    const points = toPoints({ t, min: t, mean: t, max: t, count: t }, 1000);
    expect(points.map(([at, min]) => [at, min === null])).toEqual([
      [0, false],
      [60_000, false],
      [120_000, false],
      [121_000, true],
      [600_000, false],
    ]);
    expect(toPoints({ t: [], min: [], mean: [], max: [], count: [] }, 1000)).toEqual([]);
  });
});

describe('GET /metrics', () => {
  const scrape = (authorization: string) =>
    stage.client().ask('GET', '/metrics', { headers: { authorization } });

  it('[S2] GET /metrics needs the scrape token or a session', async () => {
    expect((await scrape(`Bearer ${SCRAPE_TOKEN}`)).status).toBe(200);
    expect((await stage.admin.ask('GET', '/metrics')).status).toBe(200);
    for (const wrong of ['', 'Bearer', `Bearer ${SCRAPE_TOKEN}x`, SCRAPE_TOKEN, `Bearer ${device.token}`])
      expect(errorOf(await scrape(wrong))).toMatchObject({ status: 401, code: 'invalid_scrape_token' });
  });

  it('GET /metrics answers Prometheus text', async () => {
    const answer = await scrape(`Bearer ${SCRAPE_TOKEN}`);
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(answer.text).toContain('watchfloor_up{device_id="read",device="read"} 1\n');
    expect(answer.text).toContain('watchfloor_device_cpu_ratio{device_id="read",device="read"} 0.61\n');
    expect(answer.text).toContain(
      'watchfloor_mount_used_ratio{device_id="read",device="read",mount="/var"} 0.6\n',
    );
  });
});

describe('server status', () => {
  it('anybody may ask whether the server is alive and ready', async () => {
    for (const path of ['/healthz', '/readyz'])
      expect((await stage.client().ask('GET', path)).status).toBe(200);
  });

  it('GET /status answers the number of devices, the notices, the history and the fingerprint', async () => {
    const status = (await stage.admin.ask('GET', '/status')).as(statusReply);
    expect(status).toMatchObject({ devices: 1, notices: [], history: { kind: 'embedded', healthy: true } });
    expect(status.fingerprint?.replaceAll(':', '').toLowerCase()).toBe(stage.server().fingerprint);
  });

  it('GET /openapi.json describes every path of the design, and its references resolve', async () => {
    const answer = await stage.client().ask('GET', '/openapi.json');
    const operation = z.looseObject({
      summary: z.string(),
      security: z.array(z.record(z.string(), z.array(z.string()))),
      responses: z.record(
        z.string().regex(/^([1-5]\d\d|default)$/),
        z.looseObject({ description: z.string() }),
      ),
      parameters: z
        .array(z.looseObject({ name: z.string(), in: z.enum(['path', 'query']), schema: z.looseObject({}) }))
        .optional(),
    });
    const document = answer.as(
      z.looseObject({
        openapi: z.literal('3.1.0'),
        info: z.looseObject({ title: z.string(), version: z.string() }),
        paths: z.record(
          z.string().startsWith('/'),
          z.partialRecord(z.enum(['get', 'post', 'patch', 'delete']), operation),
        ),
      }),
    );
    const described = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    for (const operationName of [
      'POST /auth/login',
      'POST /auth/logout',
      'GET /auth/me',
      'POST /devices/register',
      'POST /metrics',
      'GET /metrics',
      'GET /devices',
      'GET /devices/{id}',
      'PATCH /devices/{id}',
      'DELETE /devices/{id}',
      'GET /devices/{id}/metrics',
      'POST /devices/{id}/token',
      'DELETE /devices/{id}/token',
      'POST /enrollment-keys',
      'GET /alerts',
      'GET /healthz',
      'GET /readyz',
      'GET /openapi.json',
    ])
      expect(described).toContain(operationName);
    for (const [path, item] of Object.entries(document.paths))
      for (const each of Object.values(item)) {
        const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
        const declared = (each.parameters ?? []).filter((parameter) => parameter.in === 'path');
        expect(declared.map(({ name }) => name)).toEqual(inPath);
      }
    for (const [, reference] of answer.text.matchAll(/"\$ref":"([^"]+)"/g))
      expect(reference).toBe('#/components/schemas/Error');
  });

  it.each([
    ['PUT', '/devices', 405, 'method_not_allowed'],
    ['DELETE', '/auth/me', 405, 'method_not_allowed'],
    ['PATCH', '/metrics', 405, 'method_not_allowed'],
    ['POST', '/devices/x', 405, 'method_not_allowed'],
    ['GET', '/nothing', 404, 'not_found'],
    ['GET', '/devices/x/y/z', 404, 'not_found'],
    ['GET', '/..%2f..%2fetc/passwd', 404, 'not_found'],
    ['POST', '/ui/', 405, 'method_not_allowed'],
  ])('%s %s is answered with %i as JSON', async (method, path, status, code) => {
    const answer = await stage.admin.ask(method, path);
    expect(errorOf(answer)).toMatchObject({ status, code });
    expect(answer.headers['content-type']).toBe('application/json');
  });
});

describe('web app', () => {
  const get = (path: string, headers: Record<string, string> = {}) =>
    stage.client().ask('GET', path, { headers });

  it('"/" redirects to the web app', async () => {
    for (const path of ['/', '/ui']) {
      const answer = await get(path);
      expect({ status: answer.status, to: answer.headers.location }).toEqual({ status: 302, to: 'ui/' });
    }
  });

  it('every page of the web app gets the shell, and a missing asset gets 404', async () => {
    const shell = await get('/ui/');
    expect(shell.status).toBe(200);
    expect(shell.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(shell.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(shell.headers['x-content-type-options']).toBe('nosniff');
    expect((await get('/ui/devices/x')).text).toBe(shell.text);
    expect(errorOf(await get('/ui/_app/missing.js'))).toMatchObject({ status: 404, code: 'not_found' });
  });

  it('no path below /ui/ leads out of the web folder', async () => {
    const shell = (await get('/ui/')).text;
    for (const path of ['/ui/..%2f..%2fpackage.json', '/ui//etc/passwd', '/ui/%2fetc%2fpasswd'])
      expect((await get(path)).text).toBe(shell);
  });

  it('an unchanged file is answered with 304, and Brotli is sent to clients that accept it', async () => {
    const shell = await get('/ui/');
    const etag = shell.headers.etag ?? '';
    const again = await get('/ui/', { 'if-none-match': etag });
    expect({ status: again.status, text: again.text }).toEqual({ status: 304, text: '' });
    const small = await get('/ui/', { 'accept-encoding': 'gzip, br' });
    expect(small.headers['content-encoding']).toBe('br');
    expect(small.headers.vary).toBe('accept-encoding');
  });
});

describe('HEAD', () => {
  it.each([
    '/healthz',
    '/devices',
    '/devices/nobody',
    '/openapi.json',
    '/ui/',
    '/',
    '/nowhere',
    '/auth/login',
  ])('HEAD %s is answered like GET, without the body', async (path) => {
    const [get, head] = [await stage.admin.ask('GET', path), await stage.admin.ask('HEAD', path)];
    expect(head.text).toBe('');
    expect(head.status).toBe(get.status);
    const named = ['content-type', 'content-length', 'etag', 'location', 'cache-control'];
    for (const name of named) expect([name, head.headers[name]]).toEqual([name, get.headers[name]]);
    // A body sent by mistake would break the next request on this connection.
    expect((await stage.admin.ask('GET', path)).text).toBe(get.text);
  });

  it('HEAD needs a session where GET does', async () => {
    expect((await stage.client().ask('HEAD', '/devices')).status).toBe(401);
  });
});

describe('behind a proxy', () => {
  const statusFrom = async (address: string, forwardedFor: string, path = '/auth/me') => {
    const { status } = await stage
      .client(address)
      .ask('GET', path, { headers: { 'x-forwarded-for': forwardedFor } });
    return status;
  };

  it.each(['/', '/ui', '/ui/', '/ui/devices/x', '/openapi.json'])(
    '[S3] the allow-list for people covers %s',
    async (path) => {
      expect(await statusFrom('127.0.0.7', '203.0.113.5', path)).toBeLessThan(400);
      expect(await statusFrom('127.0.0.7', '198.51.100.5', path)).toBe(403);
    },
  );

  it('[S3] the allow-list for people covers the live connection', async () => {
    const ca = await readFile(join(stage.data, 'tls', 'authority.crt'), 'utf8');
    const { url } = stage.server();
    const { cookie } = stage.admin;
    const inside = openLive({ url, ca, cookie, from: '127.0.0.7', forwardedFor: '203.0.113.5' });
    await inside.connected;
    inside.close();
    const outside = openLive({ url, ca, cookie, from: '127.0.0.7', forwardedFor: '198.51.100.5' });
    await expect(outside.connected).rejects.toThrow();
    outside.close();
  });

  it('[S3] the live connection believes the host that a trusted proxy forwards, and no other scheme', async () => {
    const ca = await readFile(join(stage.data, 'tls', 'authority.crt'), 'utf8');
    const common = { url: stage.server().url, ca, cookie: stage.admin.cookie, forwardedFor: '203.0.113.5' };
    const forwardedHost = 'watch.example';
    const page = openLive({ ...common, from: '127.0.0.7', forwardedHost, origin: 'https://watch.example' });
    await page.connected;
    page.close();
    const refused = [
      openLive({ ...common, from: '127.0.0.7', forwardedHost, origin: 'http://watch.example' }),
      openLive({ ...common, from: '127.0.0.7', forwardedHost, origin: 'https://other.example' }),
      openLive({ ...common, from: '127.0.0.8', forwardedHost, origin: 'https://watch.example' }),
    ];
    for (const { connected, close } of refused) {
      await expect(connected).rejects.toThrow();
      close();
    }
  });

  it('[S3] the allow-list is checked against the client address that the trusted proxy reports', async () => {
    expect(await statusFrom('127.0.0.7', '203.0.113.5')).toBe(401);
    expect(await statusFrom('127.0.0.7', '198.51.100.5')).toBe(403);
    expect(await statusFrom('127.0.0.7', '203.0.113.5, 198.51.100.5')).toBe(403);
    expect(await statusFrom('127.0.0.8', '198.51.100.5')).toBe(401);
  });
});
