import { afterAll, beforeAll, expect, it } from 'vitest';
import { alertsReply } from '#protocol/alerts.ts';
import { auditReply, deviceDetail, seriesReply } from '#protocol/api.ts';
import { HOUR, MINUTE, SECOND } from '#protocol/span.ts';
import {
  MOST_QUOTAS,
  quota as quotaShape,
  quotasReply,
  trafficReply,
  type MachineQuota,
} from '#protocol/traffic.ts';
import { eventually } from '../e2e/eventually.ts';
import { createMeter } from '../traffic/metered.ts';
import { asPush } from '../traffic/pushed.ts';
import { errorOf, openStage, type Device, type Stage } from './stage.ts';

let stage: Stage;
let device: Device;
const meter = createMeter('eth0', 3);
const grown = { in: 0, out: 0 };
const BEGIN = Math.floor(Date.now() / SECOND) * SECOND - 2 * HOUR;
let end = BEGIN;
/** The day of the month yesterday, in UTC: its period holds the last two hours. */
const billing_day = new Date(Date.now() - 24 * HOUR).getUTCDate();

/** Pushes what the interface's agent measures until then. */
async function pushUntil(to: number): Promise<void> {
  const { samples, grown: more } = meter.run(end, to);
  grown.in += more.in;
  grown.out += more.out;
  end = to;
  for (let i = 0; i < samples.length; i += 600)
    expect((await stage.push(device, asPush(samples.slice(i, i + 600)))).status).toBe(200);
}
const quotas = async (query = '') => (await stage.admin.ask('GET', `/quotas${query}`)).as(quotasReply);
const add = (body: object) =>
  stage.admin.ask('POST', '/quotas', {
    body: { scope: {}, interface: 'eth0', billing_day, allowance_bytes: 1e12, ...body },
  });
const standingOf = async (id: string): Promise<MachineQuota | undefined> =>
  (await quotas()).machines.find((machine) => machine.quota_id === id && machine.standing !== null);
const alertOf = async (metric: string) =>
  (await stage.admin.ask('GET', '/alerts')).as(alertsReply).alerts.find((alert) => alert.metric === metric);

beforeAll(async () => {
  stage = await openStage();
  device = await stage.device('a');
  await pushUntil(BEGIN + 2 * HOUR - MINUTE);
});
afterAll(() => stage.close());

it('a traffic quota counts what the interface’s own counter counted, within 1 %, and the same after a restart', async () => {
  const quota = (await add({ name: 'VPS' })).as(quotaShape);
  expect(quota).toMatchObject({ counts: 'out', time_zone: 'UTC', warn_percent: 80 });
  const first = await eventually('it was worked out', () => standingOf(quota.id));
  expect(first).toMatchObject({ device_id: 'a', device_name: 'a', interface: 'eth0', is_silent: false });
  expect(Math.abs((first.standing?.out_bytes ?? 0) / grown.out - 1)).toBeLessThan(0.01);
  expect(Math.abs((first.standing?.in_bytes ?? 0) / grown.in - 1)).toBeLessThan(0.01);
  expect(first.standing?.used_bytes).toBe(first.standing?.out_bytes);
  expect(first.standing?.known_s).toBeGreaterThan(7100);
  // Before the machine joined, nothing is known of the period.
  expect(first.standing?.unknown_s).toBeGreaterThan(3600);

  await stage.restart();
  const again = await eventually('it was worked out again', () => standingOf(quota.id));
  // The history rounds means to six digits when it puts them away.
  expect((again.standing?.out_bytes ?? 0) / (first.standing?.out_bytes ?? 0)).toBeCloseTo(1, 5);
  await stage.admin.ask('DELETE', `/quotas/${quota.id}`);
  expect((await quotas()).machines).toEqual([]);
});

it('a traffic quota is in the samples of the machine: in its values, its history and what alert rules are about', async () => {
  const allowance_bytes = grown.out / 0.9;
  const quota = (await add({ allowance_bytes })).as(quotaShape);
  await eventually('it was worked out', () => standingOf(quota.id));
  await pushUntil(end + 10 * SECOND);
  const { metrics } = (await stage.admin.ask('GET', '/devices/a')).as(deviceDetail);
  expect(metrics['quota:eth0:used']).toBeGreaterThan(88);
  expect(metrics['quota:eth0:level']).toBe(1);
  expect(metrics['quota:eth0:used_bytes']).toBeGreaterThan(grown.out * 0.98);
  const { series } = (
    await stage.admin.ask('GET', `/devices/a/metrics?field=quota:eth0:used&from=${end - MINUTE}&to=${end}`)
  ).as(seriesReply);
  expect(series['quota:eth0:used']?.at(-1)?.[2]).toBe(metrics['quota:eth0:used']);

  const warning = await eventually('the default rule warned', () => alertOf('quota:eth0:level'));
  expect(warning).toMatchObject({ severity: 'warning', rule_name: 'Traffic quota nearly used' });
  expect(warning.reading).toMatch(/^9\d % used$/);

  await stage.admin.ask('PATCH', `/quotas/${quota.id}`, { body: { allowance_bytes: grown.out / 2 } });
  await eventually('it is used up', async () => ((await standingOf(quota.id))?.standing?.level ?? 0) === 2);
  await pushUntil(end + 5 * SECOND);
  const critical = await eventually('the alert became critical', async () => {
    const alert = await alertOf('quota:eth0:level');
    return alert?.severity === 'critical' && alert;
  });
  expect(critical.reading).toMatch(/^(19|20)\d % used$/);
  await stage.admin.ask('DELETE', `/quotas/${quota.id}`);
  await pushUntil(end + 5 * SECOND);
  const after = (await stage.admin.ask('GET', '/devices/a')).as(deviceDetail);
  expect(Object.keys(after.metrics).filter((field) => field.startsWith('quota:'))).toEqual([]);
});

it('a traffic quota of an interface that the machine does not have is said to be silent', async () => {
  const quota = (await add({ interface: 'ens18' })).as(quotaShape);
  const found = await eventually('it was worked out', () => standingOf(quota.id));
  expect(found).toMatchObject({ is_silent: true, standing: { used_bytes: 0, known_s: 0, forecast: null } });
  await stage.admin.ask('DELETE', `/quotas/${quota.id}`);
});

it('a traffic quota of a tag takes machines that get the tag, and lets go of those that are removed', async () => {
  const quota = (await add({ scope: { tags: ['vps'] }, interface: 'total' })).as(quotaShape);
  expect((await quotas()).machines).toEqual([]);
  await stage.admin.ask('PATCH', '/devices/a', { body: { tags: ['vps'] } });
  await eventually('it was worked out', () => standingOf(quota.id));
  const second = await stage.device('b');
  await stage.push(second, { metrics: { cpu: 1 }, timestamp: Date.now() });
  await stage.admin.ask('PATCH', '/devices/b', { body: { tags: ['vps'] } });
  expect((await quotas()).machines.map(({ device_id }) => device_id).sort()).toEqual(['a', 'b']);
  expect((await quotas('?device=b')).machines).toHaveLength(1);
  await stage.admin.ask('DELETE', '/devices/b');
  expect((await quotas()).machines.map(({ device_id }) => device_id)).toEqual(['a']);
  await stage.admin.ask('DELETE', `/quotas/${quota.id}`);
});

it('[S4] each change of a traffic quota is in the audit log', async () => {
  const { entries } = (await stage.admin.ask('GET', '/audit')).as(auditReply);
  const acts = entries.map(({ action, target }) => `${action} ${target}`);
  expect(acts).toContain('added the traffic quota VPS');
  expect(acts).toContain('removed the traffic quota VPS');
  expect(acts.some((act) => act.startsWith('changed the traffic quota eth0'))).toBe(true);
});

it.each([
  [{ allowance_bytes: 0 }, 'allowance_bytes'],
  [{ billing_day: 32 }, 'billing_day'],
  [{ billing_day: 1.5 }, 'billing_day'],
  [{ time_zone: 'Mars/Olympus' }, 'time_zone'],
  [{ counts: 'both' }, 'counts'],
  [{ warn_percent: 0 }, 'warn_percent'],
  [{ interface: '' }, 'interface'],
])('a traffic quota with %o is refused, and the wrong part is named', async (wrong, path) => {
  const error = errorOf(await add(wrong));
  expect(error).toMatchObject({ status: 422, code: 'invalid_body' });
  expect(error.details?.[0]?.path).toBe(path);
});

it('a traffic quota that is not known answers 404', async () => {
  expect(errorOf(await stage.admin.ask('PATCH', '/quotas/none', { body: { name: 'x' } })).status).toBe(404);
  expect(errorOf(await stage.admin.ask('DELETE', '/quotas/none')).status).toBe(404);
});

it(`[I8] more than ${MOST_QUOTAS} traffic quotas are not kept`, async () => {
  const before = (await quotas()).quotas.length;
  for (let i = before; i < MOST_QUOTAS; i++)
    expect((await add({ scope: { devices: ['none'] } })).status).toBe(201);
  expect(errorOf(await add({})).code).toBe('too_many_items');
});

const traffic = (query: string) => stage.admin.ask('GET', `/devices/a/traffic${query}`);

it('the traffic of a machine is told by day and by billing period, for any zone and billing day', async () => {
  const reply = (await traffic(`?interface=eth0&billing_day=${billing_day}&time_zone=Europe/Berlin`)).as(
    trafficReply,
  );
  expect(reply.days.length).toBeGreaterThanOrEqual(31);
  const sum = (spans: readonly { out_bytes: number }[]) =>
    spans.reduce((total, { out_bytes }) => total + out_bytes, 0);
  expect(Math.abs(sum(reply.days) / grown.out - 1)).toBeLessThan(0.01);
  expect(sum(reply.periods) / sum(reply.days)).toBeCloseTo(1, 5);
  expect(reply.periods).toHaveLength(1);
  const total = (await traffic('')).as(trafficReply);
  expect(total).toMatchObject({ interface: 'total', billing_day: 1, time_zone: 'UTC' });
});

it.each([
  ['?billing_day=0', 'billing_day'],
  ['?time_zone=Nowhere', 'time_zone'],
])(
  'the traffic of a machine, asked for with %s, is refused with 400 that names the parameter',
  async (query, path) => {
    const error = errorOf(await traffic(query));
    expect(error).toMatchObject({ status: 400, code: 'invalid_query' });
    expect(error.details?.[0]?.path).toBe(path);
  },
);

it('the traffic of an unknown machine answers 404', async () => {
  expect(errorOf(await stage.admin.ask('GET', '/devices/none/traffic')).status).toBe(404);
});
