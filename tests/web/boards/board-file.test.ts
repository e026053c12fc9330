import { describe, expect, it } from 'vitest';
import { newTile } from '../../../web/src/boards/editor/new-tile.ts';
import { exportText, fileName, importText } from '../../../web/src/boards/board-file.ts';

describe('board files', () => {
  it('an exported board is read again as it was, with tiles of a later version', () => {
    const later = {
      id: 'z',
      kind: 'hologram',
      title: '',
      place: { x: 0, y: 0, w: 4, h: 4 },
      shine: { much: 3 },
    };
    const clock = newTile('clock', [later]);
    const board = { name: 'Room', tiles: clock ? [later, clock] : [] };
    expect(importText(exportText(board))).toEqual({ ok: true, board });
  });

  it('a file that is no board is refused with where it is wrong', () => {
    expect(importText('{')).toMatchObject({ ok: false, problem: expect.stringContaining('no JSON') });
    const read = importText(
      '{"name":"x","tiles":[{"id":"a","kind":"clock","place":{"x":0,"y":300,"w":1,"h":1}}]}',
    );
    expect(read).toMatchObject({ ok: false, details: [{ path: 'tiles.0.place.y' }] });
  });

  it("a file's name works on every system", () => {
    expect(fileName('Ops / Room ☃ 1')).toBe('board-ops-room-1.json');
    expect(fileName('☃')).toBe('board-export.json');
  });
});
