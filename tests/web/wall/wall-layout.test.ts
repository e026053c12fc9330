import { describe, expect, it } from 'vitest';
import { MIN_TYPE, placeOf, wallLayout, type Box, type Screen } from '../../../web/src/wall/wall-layout.ts';

const SCREENS: Readonly<Record<string, Screen>> = {
  '1080p': { width: 1920, height: 1080, ratio: 1 },
  '4K': { width: 3840, height: 2160, ratio: 1 },
  '4K, scaled by 2': { width: 3840, height: 2160, ratio: 2 },
  '8K, scaled by 1.5': { width: 7680, height: 4320, ratio: 1.5 },
  portrait: { width: 1080, height: 1920, ratio: 1 },
  'ultra wide': { width: 3440, height: 1440, ratio: 1 },
  laptop: { width: 1366, height: 768, ratio: 1 },
};
const COUNTS = [1, 2, 3, 7, 12, 31, 60, 100, 300, 301, 500, 997, 2000];
const CASES = Object.entries(SCREENS).flatMap(([name, screen]) =>
  COUNTS.map((count) => ({ name, screen, count })),
);

function inside(inner: Box, outer: Box): boolean {
  const slack = 0.01;
  return (
    inner.x >= outer.x - slack &&
    inner.y >= outer.y - slack &&
    inner.x + inner.width <= outer.x + outer.width + slack &&
    inner.y + inner.height <= outer.y + outer.height + slack
  );
}

function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

describe('the layout of a wall', () => {
  it.each(CASES)('$count machines all fit on a screen: $name', ({ screen, count }) => {
    const layout = wallLayout(count, screen);
    const whole = { x: 0, y: 0, width: screen.width / screen.ratio, height: screen.height / screen.ratio };
    const parts = [layout.strip, layout.grid, ...(layout.worst ? [layout.worst] : [])];
    for (const part of parts) expect(inside(part, whole)).toBe(true);
    for (const [i, part] of parts.entries())
      for (const other of parts.slice(i + 1)) expect(overlap(part, other)).toBe(false);
    expect(layout.columns * layout.rows).toBeGreaterThanOrEqual(count);

    const grid = { ...layout.grid, x: 0, y: 0 };
    const tiles = Array.from({ length: count }, (_, i) => ({ ...placeOf(layout, i), ...layout.tile }));
    expect(tiles.filter((tile) => !inside(tile, grid))).toEqual([]);
    // Tiles are on a grid: the next one of a row and the one below are the nearest.
    const crossing = tiles.filter((tile, i) => {
      const near = [tiles[i + 1], tiles[i + layout.columns]];
      return near.some((other) => other !== undefined && overlap(tile, other));
    });
    expect(crossing).toEqual([]);
  });

  it.each(CASES)('type can be read and lines stay in their tile: $count on $name', ({ screen, count }) => {
    const { density, type, unit, tile, sparks } = wallLayout(count, screen);
    if (density !== 'cells') expect(type / unit).toBeGreaterThanOrEqual(MIN_TYPE);
    for (const spark of sparks) {
      expect(inside(spark, { x: 0, y: 0, ...tile })).toBe(true);
      expect(Math.min(spark.width, spark.height) / unit).toBeGreaterThan(12);
    }
  });

  it('few machines get large tiles, and more of them denser ones', () => {
    const densities = [12, 60, 300, 600, 2000].map((count) =>
      wallLayout(count, { width: 1920, height: 1080, ratio: 1 }),
    );
    expect(densities.map(({ density }) => density)).toEqual(['large', 'spark', 'spark', 'dense', 'cells']);
    expect(densities.map(({ full }) => full)).toEqual([false, true, false, false, false]);
  });

  it('a wall looks the same on 1080p and on 4K, whatever a CSS pixel is', () => {
    for (const count of COUNTS) {
      const small = wallLayout(count, { width: 1920, height: 1080, ratio: 1 });
      for (const ratio of [1, 2]) {
        const large = wallLayout(count, { width: 3840, height: 2160, ratio });
        const scale = 2 / ratio;
        expect([large.density, large.columns, large.rows]).toEqual([
          small.density,
          small.columns,
          small.rows,
        ]);
        expect(large.type).toBeGreaterThan(small.type * scale * 0.97);
        expect(Math.abs(large.tile.width / scale - small.tile.width)).toBeLessThanOrEqual(1);
      }
    }
  });

  it('places are whole pixels of the screen, so that lines and letters are sharp', () => {
    const { grid, tile, gap } = wallLayout(60, { width: 7680, height: 4320, ratio: 1.5 });
    for (const length of [grid.x, grid.y, tile.width, tile.height, gap])
      expect(Math.abs(length * 1.5 - Math.round(length * 1.5))).toBeLessThan(1e-6);
  });
});
