import { describe, expect, it } from 'vitest';
import { TILE_KINDS } from '#protocol/boards.ts';
import { draftMemory } from '../../../../web/src/boards/editor/draft-memory.ts';
import { newTile } from '../../../../web/src/boards/editor/new-tile.ts';
import { fittedSize } from '../../../../web/src/boards/editor/picture-file.ts';
import { draftOf, tileOf } from '../../../../web/src/boards/editor/tile-draft.ts';

function tile(kind: (typeof TILE_KINDS)[number]) {
  const made = newTile(kind, []);
  if (!made) throw new Error('no tile');
  return made;
}

describe('the form of a tile', () => {
  it('a form that is not touched makes the same tile, of every kind', () => {
    for (const kind of TILE_KINDS.filter((each) => each !== 'picture')) {
      const made = tile(kind);
      expect(tileOf(made, draftOf(made)), kind).toEqual({ ok: true, tile: made });
    }
  });

  it('a scope counts only in the part that the form shows', () => {
    const number = tile('number');
    const draft = {
      ...draftOf(number),
      scopeKind: 'tags' as const,
      tags: ['web'],
      name: 'db-*',
      devices: ['x'],
    };
    expect(tileOf(number, draft)).toMatchObject({
      tile: { scope: { tags: ['web'], devices: [], name: '' } },
    });
  });

  it('a form without an answer says which one is missing', () => {
    const number = tile('number');
    const errors = (change: object) => {
      const read = tileOf(number, { ...draftOf(number), ...change });
      return read.ok ? [] : [...read.errors.keys()];
    };
    expect(errors({ scopeKind: 'machines' })).toEqual(['scope']);
    expect(errors({ scopeKind: 'name', name: '  ' })).toEqual(['scope']);
    expect(errors({ field: '' })).toEqual(['field']);
    const gauge = tile('gauge');
    expect(tileOf(gauge, { ...draftOf(gauge), min: 10, max: 5 })).toMatchObject({ ok: false });
    const line = tile('line');
    expect(tileOf(line, { ...draftOf(line), fields: [] })).toMatchObject({ ok: false });
  });

  it('a picture has to be uploaded before its tile is added', () => {
    const picture = tile('picture');
    expect(tileOf(picture, draftOf(picture))).toMatchObject({ ok: false });
    expect(tileOf(picture, { ...draftOf(picture), picture: 'a'.repeat(64) })).toMatchObject({ ok: true });
  });

  it('a number that is left empty has its usual value', () => {
    const bar = tile('bar');
    expect(tileOf(bar, { ...draftOf(bar), most: null })).toMatchObject({ ok: true, tile: { most: 10 } });
  });
});

describe('kept drafts', () => {
  const draft = { name: 'Room', tiles: [tile('clock')] };
  function storage() {
    const kept = new Map<string, string>();
    return {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, text: string) => void kept.set(key, text),
      removeItem: (key: string) => void kept.delete(key),
    };
  }

  it('a draft is kept for its board and version, and forgotten when it is saved', () => {
    const browser = storage();
    const memory = draftMemory('b', browser);
    memory.keep(3, draft);
    expect(draftMemory('b', browser).read(3)).toEqual(draft);
    expect(memory.read(4)).toBeUndefined();
    expect(draftMemory('c', browser).read(3)).toBeUndefined();
    memory.forget();
    expect(memory.read(3)).toBeUndefined();
  });

  it('what is no draft is not read, and a browser without storage keeps none', () => {
    const browser = storage();
    browser.setItem('watchfloor-board-draft b', '{"version":1');
    expect(draftMemory('b', browser).read(1)).toBeUndefined();
    const none = draftMemory('b', null);
    none.keep(1, draft);
    expect(none.read(1)).toBeUndefined();
  });

  it('where the storage is full an older draft is not kept either', () => {
    const browser = storage();
    draftMemory('b', browser).keep(1, draft);
    const full = {
      ...browser,
      setItem: () => {
        throw new Error('full');
      },
    };
    draftMemory('b', full).keep(1, { ...draft, name: 'Newer' });
    expect(draftMemory('b', browser).read(1)).toBeUndefined();
  });
});

describe('pictures', () => {
  it('a large picture is made smaller with its shape kept, a small one stays', () => {
    expect(fittedSize({ width: 8000, height: 2000 }, 4000)).toEqual({ width: 4000, height: 1000 });
    expect(fittedSize({ width: 100, height: 50 }, 4000)).toEqual({ width: 100, height: 50 });
    expect(fittedSize({ width: 10_000, height: 1 }, 100)).toEqual({ width: 100, height: 1 });
  });
});
