import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertRule, alertRulesReply } from '#protocol/alerts.ts';
import {
  deviceDetail,
  devicesReply,
  enrollmentKeyCreated,
  enrollmentKeysReply,
  tokenReply,
} from '#protocol/api.ts';
import { formatEnrollment, parseEnrollment } from '#protocol/enrollment.ts';
import { reachedAt } from '../../server/routes/enrollment.ts';
import { errorOf, openStage, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

async function newKey(body: object = {}) {
  return (await stage.admin.ask('POST', '/enrollment-keys', { body })).as(enrollmentKeyCreated);
}
const register = (key: string, changes: object = {}) =>
  stage.client().ask('POST', '/devices/register', {
    body: { enrollment_key: key, hostname: 'host', ip: '10.0.0.1', os: 'Linux', ...changes },
  });
const usesOf = async (id: string) =>
  (await stage.admin.ask('GET', '/enrollment-keys'))
    .as(enrollmentKeysReply)
    .enrollment_keys.find((key) => key.id === id)?.uses;
const detail = async (id: string) => (await stage.admin.ask('GET', `/devices/${id}`)).as(deviceDetail);
const sample = () => ({ timestamp: Date.now(), metrics: { cpu: 1 } });

describe('enrollment keys', () => {
  it('[S1] a new key comes with an enrollment string and a command to paste', async () => {
    const created = await newKey({ name: 'Rack 4', tags: ['rack4'] });
    const { port, fingerprint } = stage.server();
    expect(parseEnrollment(created.enrollment)).toEqual({
      key: created.key,
      host: 'localhost',
      port,
      ca: fingerprint,
      tls: true,
    });
    // The folder of packages is empty.
    expect(created.command).toBe(`WATCHFLOOR_ENROLL='${created.enrollment}' npm run agent`);
    expect(created.install).toMatchObject({
      clone: created.command,
      linux: null,
      windows: null,
      ansible: null,
    });
    const list = await stage.admin.ask('GET', '/enrollment-keys');
    expect(list.text).not.toContain(created.key);
    expect(list.text).not.toContain('key_hash');
  });

  it.each([
    ["a'b.example:8443", 'localhost', 8443],
    ["'$(id)'", 'localhost', 443],
    ['a`id`.example', 'localhost', 443],
    ['a;id', 'localhost', 443],
    ['a&b|c', 'localhost', 443],
    ['a"b', 'localhost', 443],
    ['a b', 'localhost', 443],
    ['server.example:9000', 'server.example', 9000],
    ['[2001:db8::1]:9000', '2001:db8::1', 9000],
    ['bücher.example', 'xn--bcher-kva.example', 443],
  ])(
    '[S6] the Host header %s brings nothing into the shell line that a shell reads',
    (header, host, port) => {
      const address = { publicUrl: undefined, tls: true, fingerprint: null };
      const text = formatEnrollment({ key: 'wf_key_x', ...reachedAt(header, address) });
      expect(parseEnrollment(text)).toMatchObject({ host, port });
      expect(text).toMatch(/^[\w:/@.[\]-]+$/);
    },
  );

  it('a machine joins with the tags of its enrollment key, and its token is shown once', async () => {
    const { key, id } = await newKey({ tags: ['rack4'], max_uses: 1 });
    const joined = await register(key, { device_id: 'first', tags: ['web', 'rack4'], name: 'First' });
    expect(joined.status).toBe(201);
    expect(joined.as(tokenReply).device_id).toBe('first');
    expect(await detail('first')).toMatchObject({ name: 'First', tags: ['rack4', 'web'], status: 'offline' });
    expect(await usesOf(id)).toBe(1);
    const shown = await stage.admin.ask('GET', '/devices');
    expect(shown.text).not.toContain(joined.as(tokenReply).token);
  });

  it('[S2] an unknown, removed or expired enrollment key is refused with 401', async () => {
    const removed = await newKey();
    expect((await stage.admin.ask('DELETE', `/enrollment-keys/${removed.id}`)).status).toBe(204);
    const expired = await newKey({ expires_at: Date.now() - 1 });
    for (const key of ['wf_key_unknown', removed.key, expired.key])
      expect(errorOf(await register(key))).toMatchObject({ status: 401, code: 'invalid_enrollment_key' });
    expect((await register('')).status).toBe(422);
  });

  it('[S2] a key is used at most max_uses times, also by machines that join at once', async () => {
    const { key, id } = await newKey({ max_uses: 3 });
    const answers = await Promise.all(Array.from({ length: 8 }, () => register(key)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
    expect(await usesOf(id)).toBe(3);
  });

  it('[S2] a retry after a lost reply is not counted, and only the newest token works', async () => {
    const { key, id } = await newKey({ max_uses: 1 });
    const machine = { device_id: 'retried', join_secret: 'a secret of the machine' };
    const lost = (await register(key, machine)).as(tokenReply);
    const again = (await register(key, machine)).as(tokenReply);
    expect(await usesOf(id)).toBe(1);
    expect((await stage.push({ id: 'retried', token: lost.token }, sample())).status).toBe(401);
    expect((await stage.push({ id: 'retried', token: again.token }, sample())).status).toBe(200);
  });

  it('[S5] a device that exists is not taken with another key; the refusal says what to do', async () => {
    const [one, two] = [await newKey(), await newKey()];
    const joined = (await register(one.key, { device_id: 'kept' })).as(tokenReply);
    const refused = errorOf(await register(two.key, { device_id: 'kept' }));
    expect(refused).toMatchObject({ status: 409, code: 'device_exists' });
    expect(refused.message).toContain('make an enrollment key for it');
    await stage.admin.ask('PATCH', '/devices/kept', { body: { name: 'Kept name' } });
    const proved = await stage.client().ask('POST', '/devices/register', {
      token: joined.token,
      body: { enrollment_key: two.key, hostname: 'host', ip: '', os: '', device_id: 'kept' },
    });
    expect(proved.status).toBe(201);
    expect((await detail('kept')).name).toBe('Kept name');
  });

  it('[S5] a revoked device comes back only with a key that an administrator made for it', async () => {
    await stage.device('revoked');
    await stage.admin.ask('DELETE', '/devices/revoked/token');
    const refused = errorOf(await register((await newKey()).key, { device_id: 'revoked' }));
    expect(refused).toMatchObject({ status: 409, code: 'device_revoked' });
    const made = await newKey({ device_id: 'revoked' });
    expect((await register(made.key, { device_id: 'revoked' })).status).toBe(201);
    expect((await register(made.key, { device_id: 'revoked' })).status).toBe(401);
    expect((await detail('revoked')).token.revoked_at).toBeNull();
  });

  it('[S5] a removed device does not come back with the key it had', async () => {
    const { key } = await newKey();
    await register(key, { device_id: 'removed' });
    await stage.admin.ask('DELETE', '/devices/removed');
    await stage.restart();
    const refused = errorOf(await register(key, { device_id: 'removed' }));
    expect(refused).toMatchObject({ status: 409, code: 'device_removed' });
    expect((await register((await newKey()).key, { device_id: 'removed' })).status).toBe(201);
  });

  it.each<[string, object, string]>([
    ['a path as device id', { device_id: '../../etc/passwd' }, 'device_id'],
    ['HTML as device id', { device_id: '<script>' }, 'device_id'],
    ['"__proto__" as device id', { device_id: '__proto__' }, 'device_id'],
    ['no hostname', { hostname: undefined }, 'hostname'],
    ['a hostname of spaces', { hostname: '   ' }, 'hostname'],
    ['a tag with HTML', { tags: ['<b>'] }, 'tags.0'],
    ['a number as os', { os: 5 }, 'os'],
  ])('[I4] a registration with %s is refused', async (_, changes, path) => {
    const { key, id } = await newKey();
    const error = errorOf(await register(key, changes));
    expect(error).toMatchObject({ status: 422, code: 'invalid_body' });
    expect(error.details?.[0]?.path).toBe(path);
    expect(await usesOf(id)).toBe(0);
  });

  it.each<[object, string]>([
    [{ max_uses: 0 }, 'max_uses'],
    [{ max_uses: 1.5 }, 'max_uses'],
    [{ expires_at: 'soon' }, 'expires_at'],
    [{ tags: ['No Spaces'] }, 'tags.0'],
    [{ uses: 5 }, ''],
  ])('[I4] an enrollment key with %j is refused', async (body, path) => {
    const error = errorOf(await stage.admin.ask('POST', '/enrollment-keys', { body }));
    expect(error.status).toBe(422);
    expect(error.details?.[0]?.path).toBe(path);
  });
});

describe('devices', () => {
  it('a device id may be a JavaScript name such as "constructor"', async () => {
    const device = await stage.device('constructor');
    expect((await stage.push(device, sample())).status).toBe(200);
    expect((await detail('constructor')).status).toBe('online');
    expect((await stage.admin.ask('GET', '/devices/toString')).status).toBe(404);
    expect((await stage.admin.ask('DELETE', '/devices/constructor')).status).toBe(204);
  });

  it('a device can be renamed and tagged, and shown by its hostname again', async () => {
    await stage.device('renamed');
    const patch = async (body: object) =>
      (await stage.admin.ask('PATCH', '/devices/renamed', { body })).as(deviceDetail);
    const html = '<img src=x onerror=alert(1)> "quoted" ü';
    expect(await patch({ name: html })).toMatchObject({ name: html, tags: [] });
    expect(await patch({ tags: ['db', 'eu-1'] })).toMatchObject({ name: html, tags: ['db', 'eu-1'] });
    expect(await patch({ name: null })).toMatchObject({ name: 'renamed', tags: ['db', 'eu-1'] });
    for (const body of [{ name: '' }, { name: 'x'.repeat(121) }, { tags: 'db' }, { hostname: 'x' }])
      expect((await stage.admin.ask('PATCH', '/devices/renamed', { body })).status).toBe(422);
    await stage.restart();
    expect(await detail('renamed')).toMatchObject({ name: 'renamed', tags: ['db', 'eu-1'] });
  });

  it('removing a device removes its history, and the machine may join as a new device', async () => {
    const device = await stage.device('leaver');
    await stage.push(device, sample());
    expect((await stage.admin.ask('DELETE', '/devices/leaver')).status).toBe(204);
    const { devices } = (await stage.admin.ask('GET', '/devices')).as(devicesReply);
    expect(devices.map(({ device_id }) => device_id)).not.toContain('leaver');
    for (const path of ['/devices/leaver', '/devices/leaver/metrics'])
      expect(errorOf(await stage.admin.ask('GET', path))).toMatchObject({
        status: 404,
        code: 'unknown_device',
      });
    await stage.device('leaver');
    const series = await stage.admin.ask('GET', '/devices/leaver/metrics');
    expect(JSON.parse(series.text)).toMatchObject({ series: {} });
  });

  it('every path of an unknown device answers 404', async () => {
    for (const [method, path] of [
      ['GET', '/devices/ghost'],
      ['PATCH', '/devices/ghost'],
      ['DELETE', '/devices/ghost'],
      ['POST', '/devices/ghost/token'],
      ['DELETE', '/devices/ghost/token'],
      ['GET', '/devices/ghost/metrics'],
      ['GET', '/devices/%2e%2e%2fusers'],
      ['GET', '/devices/%E0%A4%A'],
    ] as const)
      expect(errorOf(await stage.admin.ask(method, path, { body: {} }))).toMatchObject({
        status: 404,
        code: 'unknown_device',
      });
  });
});

describe('alert rules', () => {
  const condition = { kind: 'threshold', metric: 'cpu', threshold: 90, clear: 80 };
  const create = (body: object) => stage.admin.ask('POST', '/alert-rules', { body });
  const rule = { name: 'CPU', severity: 'warning', condition };

  it('[A2] alert rules exist from the first start, and can be added, changed and removed', async () => {
    const before = (await stage.admin.ask('GET', '/alert-rules')).as(alertRulesReply).alert_rules;
    expect(before.length).toBeGreaterThanOrEqual(7);
    const created = (await create(rule)).as(alertRule);
    expect(created).toMatchObject({ enabled: true, scope: { devices: [], tags: [] } });
    expect(created.condition).toEqual({ ...condition, above: true, for_s: 60, clear_for_s: 60 });
    const path = `/alert-rules/${created.id}`;
    const changed = await stage.admin.ask('PATCH', path, { body: { enabled: false } });
    expect(changed.as(alertRule)).toEqual({ ...created, enabled: false });
    expect((await stage.admin.ask('DELETE', path)).status).toBe(204);
    expect((await stage.admin.ask('PATCH', path, { body: {} })).status).toBe(404);
    expect((await stage.admin.ask('GET', '/alert-rules')).as(alertRulesReply).alert_rules).toEqual(before);
  });

  it.each<[string, object, string]>([
    ['no name', { name: undefined }, 'name'],
    ['an unknown severity', { severity: 'fatal' }, 'severity'],
    ['an unknown kind', { condition: { ...condition, kind: 'guess' } }, 'condition.kind'],
    ['a threshold of text', { condition: { ...condition, threshold: '90' } }, 'condition.threshold'],
    ['clearing on the firing side', { condition: { ...condition, clear: 95 } }, 'condition.clear'],
    [
      'clearing on the firing side of a lower threshold',
      { condition: { ...condition, above: false, clear: 80 } },
      'condition.clear',
    ],
    ['a negative duration', { condition: { ...condition, for_s: -1 } }, 'condition.for_s'],
    ['a duration of a month', { condition: { ...condition, for_s: 2_600_000 } }, 'condition.for_s'],
    ['an invalid tag', { scope: { tags: ['No'] } }, 'scope.tags.0'],
    ['an unknown field', { sound: true }, ''],
  ])('[A2] an alert rule with %s is refused', async (_, changes, path) => {
    const error = errorOf(await create({ ...rule, ...changes }));
    expect(error).toMatchObject({ status: 422, code: 'invalid_body' });
    expect(error.details?.[0]?.path).toBe(path);
  });

  it('[A2] GET /alerts accepts the states active and all, and refuses others', async () => {
    for (const query of ['', '?state=active', '?state=all'])
      expect((await stage.admin.ask('GET', `/alerts${query}`)).status).toBe(200);
    expect(errorOf(await stage.admin.ask('GET', '/alerts?state=x'))).toMatchObject({
      status: 400,
      details: [{ path: 'state' }],
    });
  });
});

it('[S2] no state file contains a device token or an enrollment key', async () => {
  const { key } = await newKey();
  const { token } = (await register(key, { device_id: 'secretive' })).as(tokenReply);
  await stage.push({ id: 'secretive', token }, sample());
  for (const name of ['devices', 'enrollment-keys', 'audit']) {
    const text = await readFile(join(stage.data, `${name}.json`), 'utf8');
    expect(text).not.toContain(token);
    expect(text).not.toContain(key);
  }
});
