import { describe, expect, it } from 'vitest';
import { ALL_MACHINES } from '#protocol/machine-scope.ts';
import { newTile } from '../../../web/src/boards/editor/new-tile.ts';
import { tileName, tileTitle } from '../../../web/src/boards/tile-words.ts';

describe('titles', () => {
  it('a tile without a title says what it shows, and of which machines', () => {
    const number = newTile('number', []);
    if (number?.kind !== 'number') throw new Error('no number');
    expect(tileTitle(number, String)).toEqual({ title: 'CPU', about: 'Mean · All machines' });
    const one = { ...number, scope: { ...ALL_MACHINES, devices: ['d'] } };
    expect(tileTitle(one, () => 'web-1')).toEqual({ title: 'CPU', about: 'web-1' });
    expect(tileTitle({ ...number, title: 'Load' }, String)).toEqual({ title: 'Load', about: '' });
    const clock = newTile('clock', []);
    expect(clock && tileName(clock, String)).toBe('Clock');
  });
});
