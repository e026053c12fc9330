import { describe, expect, it } from 'vitest';
import { cellAt, cellBeside, cellGrid, inCellOrder, nameType } from '../../../web/src/boards/status-cells.ts';
import type { State } from '../../../web/src/ui/state.ts';

const machine = (name: string, state: State, ...tags: string[]) => ({ name, state, tags });

describe('the cells of a status grid', () => {
  it('1 to 2,000 cells fit into their tile', () => {
    for (const count of [1, 2, 7, 60, 300, 2000]) {
      const { columns, wide, tall } = cellGrid(count, { width: 400, height: 200, rem: 16 });
      expect(columns * wide).toBeLessThanOrEqual(400.01);
      expect(Math.ceil(count / columns) * tall).toBeLessThanOrEqual(200.01);
      expect(Math.min(wide, tall)).toBeGreaterThan(3);
    }
  });

  it('a point is in the cell that is drawn there, and in none beside the last', () => {
    const grid = { columns: 3, wide: 10, tall: 10 };
    expect(cellAt(grid, 25, 5, 5)).toBe(2);
    expect(cellAt(grid, 15, 15, 5)).toBe(4);
    expect(cellAt(grid, 25, 15, 5)).toBeUndefined();
    expect(cellAt(grid, 35, 5, 5)).toBeUndefined();
  });

  it('arrow keys go from cell to cell and stop at the edges', () => {
    const grid = { columns: 3, wide: 10, tall: 10 };
    expect(cellBeside(grid, 0, 'ArrowRight', 5)).toBe(1);
    expect(cellBeside(grid, 0, 'ArrowDown', 5)).toBe(3);
    expect(cellBeside(grid, 0, 'ArrowUp', 5)).toBe(0);
    expect(cellBeside(grid, 1, 'End', 5)).toBe(4);
    expect(cellBeside(grid, 1, 'x', 5)).toBeUndefined();
  });

  it('cells are sorted by name so that eyes learn places, or the worst first', () => {
    const all = [machine('web-10', 'good'), machine('web-2', 'critical'), machine('web-1', 'offline')];
    expect(inCellOrder(all, 'fixed').map(({ name }) => name)).toEqual(['web-1', 'web-2', 'web-10']);
    expect(inCellOrder(all, 'worst').map(({ name }) => name)).toEqual(['web-2', 'web-1', 'web-10']);
  });

  it('a cell has its name in type that can be read, which is cut rather than left out, down to a few letters', () => {
    const names = ['web-1', 'storage-frankfurt-12'];
    const typeIn = (width: number) => nameType(names, { width, height: 40, unit: 16 });
    expect(typeIn(140)).toBeCloseTo(13.6);
    expect(typeIn(70)).toBeCloseTo(9.6);
    expect(typeIn(40)).toBeUndefined();
    expect(nameType(names, { width: 140, height: 20, unit: 16 })).toBeUndefined();
    expect(nameType(['a1'], { width: 40, height: 40, unit: 16 })).toBeGreaterThan(9.6);
  });
});
