import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { alertsReply } from '#protocol/alerts.ts';
import { auditReply } from '#protocol/api.ts';
import { MOST_PER_MACHINE, type ProbeReport } from '#protocol/probe-reports.ts';
import { listedProbe, probeList, probesReply, probeView, type ProbeView } from '#protocol/probes.ts';
import { pushReply } from '#protocol/sample.ts';
import { errorOf, openStage, type Device, type Stage } from './stage.ts';

let stage: Stage;
let web: Device;
let db: Device;
beforeAll(async () => {
  stage = await openStage();
  web = await stage.device('web');
  db = await stage.device('db');
  await stage.admin.ask('PATCH', '/devices/web', { body: { tags: ['edge'] } });
});
beforeEach(async () => {
  for (const { id } of await all()) await stage.admin.ask('DELETE', `/probes/${id}`);
});
afterAll(() => stage.close());

const PROBE = { kind: 'http', name: 'Site', target: 'https://example.org/', scope: { tags: ['edge'] } };
const all = async () => (await stage.admin.ask('GET', '/probes')).as(probesReply).probes;
const add = async (change: object = {}) =>
  (await stage.admin.ask('POST', '/probes', { body: { ...PROBE, ...change } })).as(probeView);
const push = async (device: Device, body: object = {}, metrics: object = { cpu: 1 }) =>
  (await stage.push(device, { metrics, timestamp: Date.now(), ...body })).as(pushReply);
const listOf = async ({ id, token }: Device) =>
  (await stage.client().ask('GET', `/devices/${id}/probes`, { token })).as(probeList);
const probesOf = async (device: Device) =>
  (await listOf(device)).probes.map((probe) => listedProbe.parse(probe));
const namesOf = async (device: Device) => (await probesOf(device)).map(({ name }) => name);

const report = ({ id, name }: ProbeView, change: Partial<ProbeReport>): ProbeReport => ({
  ...{ id, name, state: 'up', since: 1, reason: '', remedy: '', asked_at: 0 },
  ...change,
});

it('a machine is told the version of its list with each push, and gets its own list alone', async () => {
  expect((await push(web)).probes).toBeUndefined();
  await add();
  await add({ name: 'Everywhere', kind: 'tcp', target: 'example.org:443', scope: {} });
  const { probes: version } = await push(web);
  expect(version).toMatch(/^[0-9a-f]{16}$/);
  expect(await listOf(web)).toMatchObject({ version, probes: [{ name: 'Site' }, { name: 'Everywhere' }] });
  expect(await namesOf(db)).toEqual(['Everywhere']);
  expect((await push(web)).probes).toBe(version);
  expect((await push(db)).probes).not.toBe(version);
});

it('a tag that a machine gets or loses adds and removes probes', async () => {
  await add();
  expect((await push(db)).probes).toBeUndefined();
  await stage.admin.ask('PATCH', '/devices/db', { body: { tags: ['edge'] } });
  expect((await push(db)).probes).toBe((await listOf(db)).version);
  await stage.admin.ask('PATCH', '/devices/db', { body: { tags: [] } });
  expect((await push(db)).probes).toBeUndefined();
  expect(await namesOf(db)).toEqual([]);
});

it('[I3] a list of probes is for the token of that machine alone', async () => {
  await add();
  const ask = (id: string, token?: string) =>
    stage.client().ask('GET', `/devices/${id}/probes`, token === undefined ? {} : { token });
  expect(errorOf(await ask('web'))).toMatchObject({ status: 401 });
  expect(errorOf(await ask('web', 'wrong'))).toMatchObject({ status: 401 });
  expect(errorOf(await ask('web', db.token))).toMatchObject({ status: 403, code: 'other_device' });
  const revoked = await stage.device('revoked');
  await stage.admin.ask('PATCH', '/devices/revoked', { body: { tags: ['edge'] } });
  expect((await ask('revoked', revoked.token)).status).toBe(200);
  await stage.admin.ask('DELETE', '/devices/revoked/token');
  expect(errorOf(await ask('revoked', revoked.token))).toMatchObject({ status: 401 });
  await stage.admin.ask('DELETE', '/devices/revoked');
});

it('a probe is changed, switched off and kept over a restart', async () => {
  const { id } = await add();
  const changed = await stage.admin.ask('PATCH', `/probes/${id}`, {
    body: { interval_s: 10, contains: 'ok' },
  });
  expect(changed.as(probeView)).toMatchObject({ interval_s: 10, contains: 'ok', target: PROBE.target });
  await stage.restart();
  expect(await all()).toMatchObject([{ id, interval_s: 10 }]);
  expect((await push(web)).probes).toBeDefined();
  await stage.admin.ask('PATCH', `/probes/${id}`, { body: { on: false } });
  expect((await push(web)).probes).toBeUndefined();
});

it.each([
  ['an unknown option', { script: 'x' }, 'script'],
  ['another target than its kind takes', { target: 'example.org:443' }, 'target'],
  ['another id', { id: 'mine' }, 'id'],
])('a change to %s is refused, and changes nothing', async (_, patch, path) => {
  const { id } = await add();
  const refused = errorOf(await stage.admin.ask('PATCH', `/probes/${id}`, { body: patch }));
  expect(refused).toMatchObject({ status: 422, code: 'invalid_body' });
  expect(refused.message).toContain(path);
  expect(await all()).toMatchObject([{ target: PROBE.target }]);
});

it('two probes have no name in common, however it is written', async () => {
  const { id } = await add();
  const twice = errorOf(await stage.admin.ask('POST', '/probes', { body: { ...PROBE, name: 'SITE' } }));
  expect(twice).toMatchObject({ status: 409, code: 'probe_exists', details: [{ path: 'name' }] });
  expect((await stage.admin.ask('PATCH', `/probes/${id}`, { body: { name: 'site' } })).status).toBe(200);
});

it('[I8] a machine takes so many probes and no more', async () => {
  for (let i = 0; i < MOST_PER_MACHINE; i++) await add({ name: `p${i}` });
  const refused = errorOf(await stage.admin.ask('POST', '/probes', { body: { ...PROBE, name: 'one more' } }));
  expect(refused).toMatchObject({ status: 409, code: 'too_many_items' });
  expect(refused.message).toContain('web has 50 probes already');
  // By another way, as with a tag, the machine gets the first ones.
  await add({ name: 'on db', scope: { devices: ['db'] } });
  await stage.admin.ask('PATCH', '/devices/db', { body: { tags: ['edge'] } });
  expect((await listOf(db)).probes).toHaveLength(MOST_PER_MACHINE);
  await push(db);
  const left = (await all()).find(({ name }) => name === 'on db');
  expect(left?.places).toMatchObject([{ device_id: 'db', state: 'left_out' }]);
  await stage.admin.ask('PATCH', '/devices/db', { body: { tags: [] } });
});

it('what a machine says of its probes is shown, those in trouble first', async () => {
  const probe = await add({ scope: {} });
  await push(
    web,
    { inventory: { probes: [report(probe, {})] } },
    { 'probe:Site:up': 1, 'probe:Site:ms': 12 },
  );
  await push(db, {
    inventory: { probes: [report(probe, { state: 'refused', reason: 'not allowed', remedy: 'A=b' })] },
  });
  const [shown] = await all();
  expect(shown).toMatchObject({
    counts: { up: 1, refused: 1, down: 0 },
    places: [
      { device_id: 'db', state: 'refused', reason: 'not allowed', remedy: 'A=b', ms: null },
      { device_id: 'web', state: 'up', ms: 12 },
    ],
  });
});

it('[S6] a report that is too long, or of too many probes, is left out of the push', async () => {
  const probe = await add();
  const reply = await push(web, { inventory: { probes: [report(probe, { reason: 'x'.repeat(301) })] } });
  expect(reply.ignored?.fields[0]?.field).toContain('inventory.probes');
  const crowd = Array.from({ length: MOST_PER_MACHINE + 1 }, () => report(probe, {}));
  expect((await push(web, { inventory: { probes: crowd } })).ignored).toBeDefined();
});

it('a person asks for a try at once: the list has another version until the machine has answered', async () => {
  const probe = await add();
  const { probes: before } = await push(web);
  const asked = (await stage.admin.ask('POST', `/probes/${probe.id}/try`)).as(probeView);
  expect(asked.is_asked).toBe(true);
  expect((await push(web)).probes).not.toBe(before);
  const askedAt = (await probesOf(web))[0]?.asked_at ?? 0;
  expect(askedAt).toBeGreaterThan(0);
  await push(web, { inventory: { probes: [report(probe, { asked_at: askedAt })] } });
  expect(await all()).toMatchObject([{ is_asked: false }]);
});

it('[A2] a probe that is down raises one critical alert that says why, and a certificate that ends soon a warning', async () => {
  const probe = await add();
  const inventory = { probes: [report(probe, { state: 'down', reason: 'connection refused' })] };
  await push(web, { inventory }, { 'probe:Site:up': 0, 'probe:Site:certificate_days': 9 });
  const { alerts } = (await stage.admin.ask('GET', '/alerts')).as(alertsReply);
  const about = (metric: string) => alerts.filter((alert) => alert.metric === metric);
  expect(about('probe:Site:up')).toMatchObject([
    { device_id: 'web', severity: 'critical', reading: 'connection refused' },
  ]);
  expect(about('probe:Site:certificate_days')).toMatchObject([{ severity: 'warning', value: 9 }]);
  await push(web, { inventory: { probes: [report(probe, {})] } }, { 'probe:Site:up': 1 });
  const after = (await stage.admin.ask('GET', '/alerts')).as(alertsReply).alerts;
  expect(after.filter(({ metric }) => metric === 'probe:Site:up')).toEqual([]);
});

it('[S4] who added, changed, tried and removed a probe is in the audit log', async () => {
  const { id } = await add({ name: 'Audited' });
  await stage.admin.ask('PATCH', `/probes/${id}`, { body: { interval_s: 60 } });
  await stage.admin.ask('POST', `/probes/${id}/try`);
  await stage.admin.ask('DELETE', `/probes/${id}`);
  const { entries } = (await stage.admin.ask('GET', '/audit')).as(auditReply);
  const acts = entries.filter(({ target }) => target === 'Audited (http https://example.org/)');
  expect(acts.map(({ action }) => action).toSorted()).toEqual([
    'added the probe',
    'changed the probe',
    'removed the probe',
    'tried the probe',
  ]);
});
