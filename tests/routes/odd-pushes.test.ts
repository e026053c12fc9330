import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deviceDetail, seriesReply, statusReply } from '#protocol/api.ts';
import { pushReply } from '#protocol/sample.ts';
import { openStage, type Device, type Stage } from './stage.ts';

let stage: Stage;
let device: Device;
/** Whole seconds from an hour ago on; each call returns the next, so that no two tests share a time. */
let next = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;
const time = () => (next += 1000);

beforeAll(async () => {
  stage = await openStage();
  device = await stage.device('alpha');
});
afterAll(() => stage.close());

const stored = async (from: number, to: number, id = 'alpha', fields = 'cpu') => {
  const path = `/devices/${id}/metrics?from=${from}&to=${to}&step=1s&fields=${fields}`;
  return (await stage.admin.ask('GET', path)).as(seriesReply).series;
};

it('[F4] two agents that push as one device are named on the device and in the notices, with what to do', async () => {
  const copied = await stage.device('copied');
  for (let i = 0; i < 6; i++)
    await stage.push(copied, {
      ...{ hostname: `host-${i % 2}`, run_id: `run-${i % 2}`, timestamp: time(), metrics: { cpu: i } },
    });
  const { conflict } = (await stage.admin.ask('GET', '/devices/copied')).as(deviceDetail);
  expect(conflict?.machines.map(({ hostname }) => hostname).toSorted()).toEqual(['host-0', 'host-1']);
  const { notices } = (await stage.admin.ask('GET', '/status')).as(statusReply);
  expect(notices.join()).toMatch(/host-0.*host-1.*a machine of its own/);
  await stage.admin.ask('DELETE', '/devices/copied');
  expect((await stage.admin.ask('GET', '/status')).as(statusReply).notices.join()).not.toContain('host-0');
});

describe('one bad name or number', () => {
  const shownIgnored = async (id: string) =>
    (await stage.admin.ask('GET', `/devices/${id}`)).as(deviceDetail).ignored;

  it('[I7] a value of the blueprint that is no number is named in the reply and on the device', async () => {
    const odd = await stage.device('odd');
    expect(await shownIgnored('odd')).toBeNull();
    const t = time();
    const before = Date.now();
    const answer = await stage.push(odd, { timestamp: t, metrics: { cpu: 'high', ram: 40 } });
    const ignored = { count: 1, fields: [{ field: 'cpu', reason: 'must be a finite number' }] };
    expect(answer.as(pushReply)).toMatchObject({ accepted: 1, duplicates: 0, ignored });
    expect(await stored(t, t + 1000, 'odd', 'cpu,ram')).toEqual({ ram: [[t, 40, 40, 40]] });
    const shown = await shownIgnored('odd');
    expect(shown).toMatchObject(ignored);
    expect(shown?.at).toBeGreaterThanOrEqual(before);
    const good = await stage.push(odd, { timestamp: time(), metrics: { cpu: 4 } });
    expect(good.as(pushReply)).not.toHaveProperty('ignored');
    expect(await shownIgnored('odd')).toMatchObject(ignored);
  });

  it('[I7] a mount path of over 256 characters in columns costs only itself', async () => {
    const t = time();
    const long = `mount:/var/lib/kubelet/pods/${'x'.repeat(260)}:used`;
    const answer = await stage.push(device, { fields: ['cpu', long, 'ram'], rows: [[t, 7, 50, 41]] });
    expect(answer.as(pushReply)).toMatchObject({ accepted: 1, ignored: { count: 1 } });
    expect(await stored(t, t + 1000, 'alpha', 'cpu,ram')).toEqual({
      cpu: [[t, 7, 7, 7]],
      ram: [[t, 41, 41, 41]],
    });
  });

  it('[I7] a sample in the future among good ones costs only itself, in each form', async () => {
    const [a, b] = [time(), time()];
    const future = Date.now() + 86_400_000;
    const objects = [a, future].map((timestamp) => ({ timestamp, metrics: { cpu: 51 } }));
    const batch = (await stage.push(device, { samples: objects })).as(pushReply);
    expect([batch.accepted, batch.ignored?.fields[0]?.field]).toEqual([1, 'samples.1.timestamp']);
    expect(batch.ignored?.samples).toBe(1);
    const rows = [
      [future, 52],
      [b, 52],
    ];
    const columns = (await stage.push(device, { fields: ['cpu'], rows })).as(pushReply);
    expect([columns.accepted, columns.ignored?.fields[0]?.field]).toEqual([1, 'rows.0.0']);
    expect((await stored(a, b + 1000))['cpu']?.map(([, , mean]) => mean)).toEqual([51, 52]);
  });

  it('[I7] what was left out stays left out when the journal is read again after a restart', async () => {
    const twice = await stage.device('twice');
    const t = time();
    const rows = [
      [t, -5, 40],
      [Date.now() + 86_400_000, 6, 41],
      [t + 1000, 7, null],
    ];
    await stage.push(twice, { fields: ['cpu', 'ram'], rows });
    await stage.restart();
    expect(await stored(t, t + 2000, 'twice', 'cpu,ram')).toEqual({
      cpu: [[t + 1000, 7, 7, 7]],
      ram: [[t, 40, 40, 40]],
    });
  });
});
