/** Tiles of boards, for tests. */
import type { TileOf } from '#protocol/boards.ts';
import type { MachineScope } from '#protocol/machine-scope.ts';

const place = { x: 0, y: 0, w: 6, h: 4 };

export function textTile(id: string, markdown = ''): TileOf<'text'> {
  return { id, title: '', place, kind: 'text', markdown };
}

export function statusTile(id: string, scope: Partial<MachineScope>): TileOf<'status'> {
  return {
    id,
    title: '',
    place,
    kind: 'status',
    order: 'fixed',
    scope: { devices: [], tags: [], name: '', ...scope },
  };
}

export function pictureTile(id: string, picture: string): TileOf<'picture'> {
  return { id, title: '', place, kind: 'picture', picture, alt: '', fit: 'contain' };
}
