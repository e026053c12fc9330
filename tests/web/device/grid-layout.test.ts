import { describe, expect, it } from 'vitest';
import { gridLayout, type GridLayout, type GridRoom } from '../../../web/src/device/grid-layout.ts';

const room = (more: Partial<GridRoom>): GridRoom => ({
  width: 82,
  height: 38,
  sections: [{ cells: 8, titled: false }],
  mounts: 0,
  ...more,
});

/** Where the last chart of a grid with one section ends, in rem. Filesystems take the free end of its last row. */
function bottom({ sections: [section], mounts }: GridRoom, { columns, tall }: GridLayout): number {
  const cells = section?.cells ?? 0;
  const below = cells > columns && cells % columns !== 0 ? 0 : mounts;
  return Math.ceil(cells / columns) * (tall + 3.1) + below;
}

describe('the grid of charts', () => {
  it('on a laptop the grid has as many columns as are readable and goes on below the screen', () => {
    expect(gridLayout(room({}))).toEqual({ columns: 2, tall: 10.5 });
  });

  it('on a phone the grid has one column', () => {
    expect(gridLayout(room({ width: 22, height: 30 }))).toEqual({ columns: 1, tall: 10.5 });
  });

  it('on a wall the grid shows all charts and leaves little room below them', () => {
    for (const cells of [5, 8, 11, 16, 24]) {
      const wall = room({ width: 184, height: 90, sections: [{ cells, titled: false }], mounts: 6 });
      const found = gridLayout(wall);
      expect(bottom(wall, found), `${cells} charts`).toBeLessThanOrEqual(90.5);
      expect(bottom(wall, found), `${cells} charts`).toBeGreaterThan(60);
    }
  });

  it('charts are wider than tall, also where there are few', () => {
    const { columns, tall } = gridLayout(
      room({ width: 184, height: 90, sections: [{ cells: 4, titled: false }] }),
    );
    expect(tall).toBeLessThan((184 / columns) * 0.65);
  });

  it('short sections share a row of the grid', () => {
    const main = { cells: 10, titled: false };
    const wall = { width: 184, height: 90 };
    const apart = gridLayout(room({ ...wall, sections: [main, { cells: 5, titled: true }] }));
    const together = gridLayout(
      room({ ...wall, sections: [main, { cells: 3, titled: true }, { cells: 2, titled: true }] }),
    );
    expect(together).toEqual(apart);
  });

  it('the grid has a layout before its size was measured', () => {
    expect(gridLayout(room({ width: 0, height: 0, sections: [] }))).toEqual({ columns: 1, tall: 10.5 });
  });
});
