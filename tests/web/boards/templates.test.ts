import { describe, expect, it } from 'vitest';
import { boardCreate } from '#protocol/boards.ts';
import { ALL_MACHINES } from '#protocol/machine-scope.ts';
import { withPlace } from '../../../web/src/boards/grid.ts';
import { TEMPLATES, templateTiles } from '../../../web/src/boards/templates.ts';

const scope = { ...ALL_MACHINES, tags: ['web'] };

describe('templates', () => {
  it('the server takes every template, and none of its tiles lies over another', () => {
    for (const template of TEMPLATES) {
      const tiles = templateTiles(template, scope);
      expect(boardCreate.safeParse({ name: template.label, tiles }).success, template.key).toBe(true);
      for (const { id, place } of tiles) expect(withPlace(tiles, id, place), template.key).toEqual(tiles);
    }
  });

  it('a template is about the machines that it was asked for', () => {
    const web = TEMPLATES.find(({ key }) => key === 'web');
    const tiles = web ? templateTiles(web, scope) : [];
    expect(tiles.length).toBeGreaterThan(5);
    expect(tiles.every((tile) => 'scope' in tile && tile.scope.tags.includes('web'))).toBe(true);
  });
});
