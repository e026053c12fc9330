import { describe, expect, it } from 'vitest';
import { ALL_MACHINES } from '#protocol/machine-scope.ts';
import type { MachineValues } from '../../../web/src/boards/readings.ts';
import { ageNote, nobodyHere, nobodySends, removedNote } from '../../../web/src/boards/tile-state-words.ts';

const machine = (freshness: MachineValues['freshness'], ageMs: number | null = 0): MachineValues => ({
  ...{ id: freshness, name: freshness, tags: [], values: {} },
  freshness,
  ageMs,
});
const nobody = () => false;

describe('what a tile says of its machines', () => {
  it('a tile whose machine was removed says so', () => {
    expect(nobodyHere({ ...ALL_MACHINES, devices: ['gone'] }, nobody).title).toBe('Machine removed');
    expect(nobodyHere({ ...ALL_MACHINES, devices: ['gone', 'too'] }, nobody).title).toBe('Machines removed');
  });

  it('a tile without machines says which tag or name it looked for', () => {
    expect(nobodyHere({ ...ALL_MACHINES, tags: ['web'] }, nobody).hint).toBe('No machine has the tag web.');
    expect(nobodyHere({ ...ALL_MACHINES, name: 'web-*' }, nobody).hint).toBe('No machine is called web-*.');
    expect(nobodyHere(ALL_MACHINES, nobody).title).toBe('No machine yet');
  });

  it('a tile of several machines says how many of them were removed', () => {
    const scope = { ...ALL_MACHINES, devices: ['here', 'gone'] };
    expect(removedNote(scope, (id) => id === 'here')?.text).toBe('1 machine removed');
    expect(removedNote(scope, () => true)).toBeUndefined();
  });

  it('a field that nobody sends is named, and a machine that has sent nothing yet is waited for', () => {
    expect(nobodySends(['my_own'], [machine('live')]).hint).toBe('No machine here sends my_own.');
    expect(nobodySends(['cpu'], [machine('waiting', null)]).title).toBe('Nothing sent yet');
  });

  it('[L4] a tile says how old its numbers are, and how many of its machines are offline', () => {
    expect(ageNote([machine('live')])).toBeUndefined();
    expect(ageNote([machine('offline', 180_000)])?.text).toBe('Offline for 3 min');
    expect(ageNote([machine('stale', 14_000)])?.text).toBe('14 s old');
    expect(ageNote([machine('live'), machine('offline'), machine('live')])?.text).toBe('1 of 3 offline');
    expect(ageNote([machine('live'), machine('stale'), machine('offline')])?.text).toBe('1 of 3 old');
    expect(ageNote([machine('stale'), machine('stale')])?.text).toBe('Old numbers');
    expect(ageNote([machine('offline'), machine('offline')])?.text).toBe('All offline');
  });
});
