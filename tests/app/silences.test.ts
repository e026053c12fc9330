import { expect, it } from 'vitest';
import type { SilenceRecord } from '#protocol/silences.ts';
import { openSilences } from '../../server/app/silences.ts';
import { handClock } from '../fleet/hand-clock.ts';
import { deviceRecordOf, memoryCollection } from '../state/memory-collection.ts';

const HOUR = 3_600_000;

/** `more`: so many further devices with the tag. */
function open(more = 0) {
  const clock = handClock();
  const others = Array.from({ length: more }, (_, i) => deviceRecordOf(`o${i}`, { tags: ['db'] }));
  const devices = memoryCollection([deviceRecordOf('a', { tags: ['db'] }), deviceRecordOf('b'), ...others]);
  const time = { kind: 'once' as const, from: clock.now() + HOUR, to: clock.now() + 2 * HOUR };
  const scope = { devices: [], tags: ['db'], name: '', rules: [], severities: [] };
  const update: SilenceRecord = {
    id: 's',
    kind: 'maintenance',
    comment: 'Update',
    created_by: 'ann',
    created_at: 0,
    scope,
    time,
  };
  const opened = openSilences({ state: { devices, silences: memoryCollection([update]) }, clock });
  const told: string[] = [];
  opened.maintenanceChanged.listen((id) => told.push(id));
  return { clock, devices, opened, told };
}

it('[A6] a device is told of once when its maintenance begins, and once when it ends', () => {
  const { clock, told, opened } = open();
  clock.pass(HOUR);
  expect(told).toEqual(['a']);
  expect(opened.maintenanceOf(deviceRecordOf('a', { tags: ['db'] }))).toMatchObject({ name: 'Update' });
  clock.pass(HOUR);
  expect(told).toEqual(['a', 'a']);
});

it('[A6] a device that came into a maintenance by a new tag is told of when it ends', async () => {
  const { clock, devices, told, opened } = open();
  clock.pass(HOUR);
  const tagged = deviceRecordOf('b', { tags: ['db'] });
  await devices.put(tagged);
  // As its row is made anew for the pages.
  opened.maintenanceOf(tagged);
  clock.pass(HOUR);
  expect(told).toEqual(['a', 'a', 'b']);
});

it('a maintenance of thousands of machines is told in parts, and each of them is told of', () => {
  const { clock, told } = open(1000);
  clock.pass(HOUR - 1);
  clock.jump(1);
  clock.pass(0);
  expect(told).toHaveLength(1001);
  clock.pass(HOUR);
  expect(told).toHaveLength(2002);
});
