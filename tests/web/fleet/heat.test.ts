import { describe, expect, it } from 'vitest';
import { blocksOf, cellAt, cellGrid } from '../../../web/src/fleet/heat-cells.ts';
import { HEAT_STEPS, heatScale } from '../../../web/src/fleet/heat-scale.ts';

describe('the scale', () => {
  it('a percentage has the same colour whatever the others have', () => {
    expect(heatScale('cpu', 12).step(50)).toBe(heatScale('cpu', 100).step(50));
    expect(heatScale('cpu', 12)).toMatchObject({ low: 0, high: 100 });
    expect([0, 50, 100, 250, -3].map(heatScale('cpu', 0).step)).toEqual([0, 4, 8, 8, 0]);
  });

  it('other numbers reach to the next round one, and rates in equal multiples', () => {
    expect(heatScale('load1', 37)).toMatchObject({ low: 0, high: 50 });
    expect(heatScale('load1', 0).high).toBe(1);
    const rate = heatScale('net_rx', 80_000_000);
    expect(rate.high).toBe(100_000_000);
    expect([0, 999, rate.high].map(rate.step)).toEqual([0, 0, HEAT_STEPS - 1]);
    expect(rate.step(316_000)).toBe(4);
  });
});

describe('the cells', () => {
  const room = { counts: [12], width: 1200, height: 600, heading: 0, rem: 16, touch: false };

  it('cells are as large as all machines together let them be', () => {
    const [few, many, most] = [12, 800, 10_000].map((count) => cellGrid({ ...room, counts: [count] }));
    if (!few || !many || !most) throw new Error('three grids');
    expect(few.width).toBeGreaterThan(140);
    expect(many.width).toBeLessThan(few.width);
    expect(Math.ceil(800 / many.perLine) * many.height).toBeLessThanOrEqual(600);
    expect(most.height).toBe(9);
  });

  it('a finger gets cells that it can hit', () => {
    expect(cellGrid({ ...room, counts: [10_000], touch: true }).width).toBeGreaterThanOrEqual(24);
  });

  it('a point is in the cell that is drawn there, and in none beside the last one', () => {
    const grid = { perLine: 4, width: 10, height: 10 };
    expect(cellAt(grid, 6, 15, 12)).toBe(5);
    expect(cellAt(grid, 6, 25, 12)).toBeUndefined();
    expect(cellAt(grid, 6, 45, 5)).toBeUndefined();
    expect(cellAt(grid, 6, -1, 5)).toBeUndefined();
  });

  it('no canvas is higher than browsers draw, and blocks are whole lines', () => {
    const grid = { perLine: 7, width: 20, height: 20 };
    const blocks = blocksOf(
      Array.from({ length: 10_000 }, (_, i) => i),
      grid,
    );
    expect(blocks.flat()).toHaveLength(10_000);
    for (const block of blocks.slice(0, -1)) expect(block.length % grid.perLine).toBe(0);
    expect(Math.max(...blocks.map(({ length }) => (length / 7) * 20))).toBeLessThanOrEqual(1500);
  });
});
