import { setImmediate as nextTick } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createDeviceList } from '../../server/fleet/device-list.ts';
import type { DeviceRecord } from '../../server/state/records.ts';
import { deviceOf } from '../live/stage.ts';
import { deviceRecordOf, memoryCollection } from '../state/memory-collection.ts';

const listed = z.object({ devices: z.array(z.object({ device_id: z.string() })) });
const idsIn = (json: string) => listed.parse(JSON.parse(json)).devices.map(({ device_id }) => device_id);

/** A list of `count` devices; `made` counts the rows that were made. */
function openList(count: number) {
  const devices = memoryCollection(Array.from({ length: count }, (_, i) => deviceRecordOf(`device-${i}`)));
  const stage = { made: 0, failing: false };
  const row = ({ id }: DeviceRecord) => {
    if (stage.failing) throw new Error('no row');
    stage.made++;
    return deviceOf(id);
  };
  return { devices, stage, list: createDeviceList(devices, { row }) };
}

test('[S5] the list of 10,000 devices is made in slices, between which the server does other work', async () => {
  const { list, stage } = openList(10_000);
  const listing = list();
  let most = 0;
  while (stage.made < 10_000) {
    const before = stage.made;
    await nextTick();
    most = Math.max(most, stage.made - before);
  }
  expect(idsIn(await listing)).toHaveLength(10_000);
  expect(most).toBeLessThanOrEqual(400);
});

test('[S5] those who ask while the list is made get one list together, with what had changed before they asked', async () => {
  const { list, devices, stage } = openList(1000);
  const first = list();
  await devices.put(deviceRecordOf('new'));
  const [second, third] = [list(), list()];
  expect(idsIn(await first)).toHaveLength(1000);
  expect(idsIn(await second)).toContain('new');
  expect(await third).toBe(await second);
  expect(stage.made).toBe(2001);
  expect(idsIn(await list())).toHaveLength(1001);
});

test('[W1] [S5] the screens of a display link get one list together, without what has left their sight meanwhile', async () => {
  const { list, stage } = openList(600);
  const seen = new Set(['device-0', 'device-1', 'device-500']);
  const sight = { key: 'lobby', has: (id: string) => seen.has(id) };
  const [first, second, third] = [list(sight), list(sight), list({ ...sight })];
  expect(idsIn(await first)).toEqual(['device-0', 'device-1', 'device-500']);
  seen.delete('device-500');
  expect(await third).toBe(await second);
  expect(idsIn(await second)).toEqual(['device-0', 'device-1']);
  expect(stage.made).toBe(5);
  expect(idsIn(await list({ key: 'other', has: () => true }))).toHaveLength(600);
});

test('a device that is removed while the list is made is not in it, and an empty fleet is an empty list', async () => {
  const { list, devices } = openList(600);
  const listing = list();
  for (let i = 200; i < 400; i++) await devices.remove(`device-${i}`);
  expect(idsIn(await listing)).toHaveLength(400);
  expect(idsIn(await openList(0).list())).toEqual([]);
});

test('a list that cannot be made is refused to those who asked, and made for the next one', async () => {
  const { list, stage } = openList(3);
  stage.failing = true;
  const [first, second] = [list(), list()];
  await expect(first).rejects.toThrow('no row');
  await expect(second).rejects.toThrow('no row');
  stage.failing = false;
  expect(idsIn(await list())).toHaveLength(3);
});
