import { describe, expect, it } from 'vitest';
import { gridLayout, type GridLayout, type GridRoom } from '../../../web/src/device/grid-layout.ts';

const room = (more: Partial<GridRoom>): GridRoom => ({
  width: 82,
  height: 38,
  cells: 8,
  mounts: 0,
  ...more,
});

/** Where the last chart of a grid ends, in rem. Filesystems take the free end of its last row. */
function bottom({ cells, mounts }: GridRoom, { columns, tall }: GridLayout): number {
  const below = cells > columns && cells % columns !== 0 ? 0 : mounts;
  return Math.ceil(cells / columns) * (tall + 3.1) + below;
}

describe('the grid of charts', () => {
  it('on a laptop the grid has as many columns as are readable and goes on below the screen', () => {
    expect(gridLayout(room({}))).toEqual({ columns: 3, tall: 10.5 });
  });

  it('on a phone the grid has one column', () => {
    expect(gridLayout(room({ width: 22, height: 30 }))).toEqual({ columns: 1, tall: 10.5 });
  });

  it('on a wall the grid shows all charts and leaves little room below them', () => {
    for (const cells of [5, 8, 11, 16, 24]) {
      const wall = room({ width: 184, height: 90, cells, mounts: 6 });
      const found = gridLayout(wall);
      expect(bottom(wall, found), `${cells} charts`).toBeLessThanOrEqual(90.5);
      expect(bottom(wall, found), `${cells} charts`).toBeGreaterThan(60);
    }
  });

  it('charts are wider than tall, also where there are few', () => {
    const { columns, tall } = gridLayout(room({ width: 184, height: 90, cells: 4 }));
    expect(tall).toBeLessThan((184 / columns) * 0.65);
  });

  it('the grid has a layout before its size was measured', () => {
    expect(gridLayout(room({ width: 0, height: 0, cells: 0 }))).toEqual({ columns: 1, tall: 10.5 });
  });
});
