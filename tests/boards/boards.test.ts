import { describe, expect, it } from 'vitest';
import { boardCreate, MOST_BOARDS, TILES_PER_BOARD, VERSIONS_KEPT, type Board } from '#protocol/boards.ts';
import { createBoards } from '../../server/boards/boards.ts';
import type { BoardVersionRecord } from '../../server/state/records.ts';
import { memoryCollection } from '../state/memory-collection.ts';
import { textTile } from './tiles.ts';

function stage() {
  let now = Date.UTC(2026, 0, 1);
  const boards = memoryCollection<Board>();
  const versions = memoryCollection<BoardVersionRecord>();
  let changes = 0;
  return {
    boards: createBoards({ boards, versions, now: () => now++, onChange: () => changes++ }),
    records: { boards, versions },
    changes: () => changes,
  };
}

describe('changes of a board', () => {
  it('a board that somebody else has changed since is not overwritten, and the refusal says who and when', async () => {
    const { boards } = stage();
    const { id } = await boards.create('anna', { name: 'Web', tiles: [] });
    const changed = await boards.change('ben', id, { version: 1, name: 'Web servers' });
    await expect(boards.change('cleo', id, { version: 1, name: 'Mine' })).rejects.toMatchObject({
      code: 'board_changed',
      status: 409,
      details: [
        { path: 'version', message: '2' },
        { path: 'updated_by', message: 'ben' },
        { path: 'updated_at', message: new Date(changed.updated_at).toISOString() },
      ],
    });
    expect(boards.get(id)).toEqual(changed);
  });

  it('of two changes to the same version at the same moment one is made', async () => {
    const { boards } = stage();
    const { id } = await boards.create('anna', { name: 'Web', tiles: [] });
    const both = await Promise.allSettled([
      boards.change('ben', id, { version: 1, name: 'Ben' }),
      boards.change('cleo', id, { version: 1, name: 'Cleo' }),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(boards.get(id)).toMatchObject({ name: 'Ben', version: 2 });
  });

  it('a change that changes nothing makes no version', async () => {
    const { boards, changes } = stage();
    const { id, tiles } = await boards.create('anna', { name: 'Web', tiles: [textTile('a')] });
    expect(await boards.change('ben', id, { version: 1, tiles })).toMatchObject({ version: 1 });
    expect(boards.versionsOf(id)).toEqual([]);
    expect(changes()).toBe(1);
  });

  it('a change that cannot be saved leaves the board and its versions as they were', async () => {
    const { boards, records } = stage();
    const { id } = await boards.create('anna', { name: 'Web', tiles: [] });
    records.boards.put = () => Promise.reject(new Error('the disk is full'));
    await expect(boards.change('ben', id, { version: 1, name: 'Other' })).rejects.toThrow('the disk is full');
    expect(records.versions.all()).toEqual([]);
  });
});

describe('earlier versions', () => {
  it('an earlier version is restored by its name and tiles, and what was in between stays', async () => {
    const { boards } = stage();
    const { id } = await boards.create('anna', { name: 'First', tiles: [textTile('a')] });
    await boards.change('ben', id, { version: 1, name: 'Second', tiles: [] });
    const [first] = boards.versionsOf(id);
    expect(first).toMatchObject({ version: 1, name: 'First', updated_by: 'anna' });
    await boards.change('anna', id, { version: 2, name: first?.name, tiles: first?.tiles });
    expect(boards.get(id)).toMatchObject({ version: 3, name: 'First', tiles: [textTile('a')] });
    expect(boards.versionsOf(id).map(({ name }) => name)).toEqual(['Second', 'First']);
  });

  it('a board keeps its newest earlier versions, and loses all of them with itself', async () => {
    const { boards, records } = stage();
    const { id } = await boards.create('anna', { name: '1', tiles: [] });
    for (let version = 1; version <= VERSIONS_KEPT + 5; version++)
      await boards.change('anna', id, { version, name: String(version + 1) });
    const kept = boards.versionsOf(id).map(({ version }) => version);
    expect(kept).toHaveLength(VERSIONS_KEPT);
    expect(kept[0]).toBe(VERSIONS_KEPT + 5);
    await boards.remove(id);
    expect(records.versions.all()).toEqual([]);
    expect(() => boards.versionsOf(id)).toThrow();
  });

  it('[I8] the earlier versions of all boards together are bounded; the oldest go first', async () => {
    const { boards, records } = stage();
    const large = (letter: string) => [0, 1, 2, 3, 4, 5].map((i) => textTile(`${i}`, letter.repeat(20_000)));
    const ids: string[] = [];
    for (let i = 0; i < 12; i++)
      ids.push((await boards.create('anna', { name: `${i}`, tiles: large('a') })).id);
    for (let version = 1; version <= VERSIONS_KEPT; version++)
      for (const id of ids)
        await boards.change('anna', id, { version, tiles: large(version % 2 === 0 ? 'a' : 'b') });
    const characters = records.versions.all().reduce((sum, each) => sum + each.characters, 0);
    expect(characters).toBeLessThanOrEqual(16 * 1024 * 1024);
    expect(characters).toBeGreaterThan(15 * 1024 * 1024);
    const oldest = records.versions.all().filter(({ version }) => version === 1);
    expect(oldest).toEqual([]);
  });
});

describe('bounds of boards', () => {
  it('the server keeps a bounded number of boards, and says so', async () => {
    const { boards } = stage();
    for (let i = 0; i < MOST_BOARDS; i++) await boards.create('anna', { name: `${i}`, tiles: [] });
    await expect(boards.create('anna', { name: 'one more', tiles: [] })).rejects.toMatchObject({
      code: 'too_many_items',
      message: expect.stringContaining(String(MOST_BOARDS)),
    });
  });

  it('a board takes so many tiles and characters, and no more', () => {
    const tiles = Array.from({ length: TILES_PER_BOARD }, (_, i) => textTile(`${i}`));
    expect(boardCreate.safeParse({ name: 'full', tiles }).success).toBe(true);
    expect(boardCreate.safeParse({ name: 'more', tiles: [...tiles, textTile('more')] }).success).toBe(false);
    const large = Array.from({ length: 7 }, (_, i) => textTile(`${i}`, 'x'.repeat(20_000)));
    expect(boardCreate.safeParse({ name: 'large', tiles: large }).error?.issues).toMatchObject([
      { path: ['tiles'], message: 'are too large for one board' },
    ]);
  });
});
