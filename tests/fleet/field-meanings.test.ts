import { expect, it } from 'vitest';
import { MOST_DECLARATIONS } from '#protocol/declarations.ts';
import { createFieldMeanings } from '../../server/fleet/field-meanings.ts';
import type { DeclarationSetRecord } from '../../server/state/records.ts';
import { deviceRecordOf, memoryCollection } from '../state/memory-collection.ts';

const SIZE = { 'backup:*:size': { unit: 'bytes', label: 'Size of the backup' } };

function setup(...ids: string[]) {
  const devices = memoryCollection(ids.map((id) => deviceRecordOf(id)));
  const sets = memoryCollection<DeclarationSetRecord>();
  let now = 0;
  const parts = { devices, sets, now: () => now };
  return {
    devices,
    sets,
    meanings: createFieldMeanings(parts),
    /** As after a restart, with what is on disk. */
    again: () => createFieldMeanings(parts),
    pass: (ms: number) => (now += ms),
  };
}

const push = (deviceId: string, declared?: string, declarations?: typeof SIZE | Record<string, object>) => ({
  ...{ deviceId, declared, declarations },
});

it('what a machine declares is known by device and field, for every instance of it, and still after a restart', () => {
  const { meanings, again } = setup('a', 'b');
  expect(meanings.note(push('a', 'mark', SIZE))).toBe(false);
  for (const one of [meanings, again()]) {
    expect(one.of('a', 'backup:nas:size')).toEqual(SIZE['backup:*:size']);
    expect(one.of('b', 'backup:nas:size')).toBeUndefined();
    expect(one.common('backup:*:size')?.unit).toBe('bytes');
    expect(one.note(push('a', 'mark'))).toBe(false);
  }
});

it('a server that does not know what the text of a machine’s declarations stands for asks, and not with every push', () => {
  const { meanings, pass } = setup('a');
  expect(meanings.note(push('a'))).toBe(false);
  expect(meanings.note(push('a', 'mark'))).toBe(true);
  expect(meanings.note(push('a', 'mark'))).toBe(false);
  pass(31_000);
  expect(meanings.note(push('a', 'mark'))).toBe(true);
  meanings.note(push('a', 'mark', SIZE));
  expect(meanings.note(push('a', 'mark'))).toBe(false);
  expect(meanings.note(push('a', 'other'))).toBe(true);
});

it('a device whose declarations are lost is asked for them again', () => {
  const { meanings, sets, again } = setup('a');
  meanings.note(push('a', 'mark', SIZE));
  for (const { id } of sets.all()) sets.drop(id);
  expect(again().note(push('a', 'mark'))).toBe(true);
});

it('a set of declarations with a text for all of it replaces what was declared, and one without adds to it', () => {
  const { meanings } = setup('a');
  meanings.note(push('a', undefined, SIZE));
  meanings.note(push('a', undefined, { depth: { label: 'Depth' } }));
  expect(meanings.of('a', 'backup:x:size')?.unit).toBe('bytes');
  expect(meanings.of('a', 'depth')?.label).toBe('Depth');
  meanings.note(push('a', 'mark', { depth: { label: 'Depth' } }));
  expect(meanings.of('a', 'backup:x:size')).toBeUndefined();
});

it('[I8] machines with the same exporters share one set of declarations, which is gone with the last of them', () => {
  const { meanings, sets } = setup('a', 'b');
  meanings.note(push('a', 'one', { x: { unit: 'A' }, y: {} }));
  meanings.note(push('b', 'two', { y: {}, x: { unit: 'A' } }));
  expect(sets.all()).toHaveLength(1);
  meanings.forget('a');
  expect(meanings.common('x')).toEqual({ unit: 'A' });
  meanings.forget('b');
  expect(sets.all()).toEqual([]);
  expect(meanings.common('x')).toBeUndefined();
});

it('[I8] what one device declares in its life is bounded, and the oldest give way', () => {
  const { meanings, sets } = setup('a');
  for (let i = 0; i <= MOST_DECLARATIONS; i++)
    meanings.note(push('a', undefined, { [`f${i}`]: { unit: 'x' } }));
  expect(Object.keys(sets.all()[0]?.fields ?? {})).toHaveLength(MOST_DECLARATIONS);
  expect(sets.all()).toHaveLength(1);
  expect(meanings.of('a', 'f0')).toBeUndefined();
  expect(meanings.of('a', `f${MOST_DECLARATIONS}`)).toEqual({ unit: 'x' });
});

it('where machines declare a field differently, what most of them say counts for all, and a display hears of its own alone', () => {
  const { meanings } = setup('a', 'b', 'c');
  for (const [id, unit] of [
    ['a', 'seconds'],
    ['b', 'bytes'],
    ['c', 'bytes'],
  ] as const)
    meanings.note(push(id, id + unit, { x: { unit } }));
  expect(meanings.common('x')?.unit).toBe('bytes');
  expect(meanings.of('a', 'x')?.unit).toBe('seconds');
  expect(meanings.common('x', new Set(['a']))?.unit).toBe('seconds');
  expect(meanings.common('x', new Set())).toBeUndefined();
  expect(meanings.keys(10)).toEqual(['x']);
});
