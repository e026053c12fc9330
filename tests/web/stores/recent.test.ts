import { describe, expect, it } from 'vitest';
import { RECENT_POINTS, RecentColumns } from '../../../web/src/stores/recent.ts';

const point = (t: number, cpu: number | null = t) => ({ t, cpu, ram: null, disk: 1, net_tx: 2, net_rx: 3 });

describe('the recent columns', () => {
  it('the recent columns keep the last 60 points, oldest first', () => {
    const columns = new RecentColumns();
    for (let i = 0; i < 10 * RECENT_POINTS + 7; i++) {
      columns.push(point(i));
      const from = Math.max(0, i + 1 - RECENT_POINTS);
      expect(columns.length).toBe(i + 1 - from);
      expect(columns.t[0]).toBe(from);
      expect(columns.values('cpu').at(-1)).toBe(i);
    }
    expect([...columns.t]).toEqual([...columns.values('cpu')]);
  });

  it('[F3] a point whose clock was set back replaces the points of later times', () => {
    const columns = new RecentColumns();
    for (const t of [1, 2, 300, 301]) columns.push(point(t, 10));
    columns.push(point(3, 99));
    expect([...columns.t]).toEqual([1, 2, 3]);
    expect(columns.values('cpu').at(-1)).toBe(99);
    columns.push(point(3, 98));
    expect([...columns.t]).toEqual([1, 2, 3]);
    expect(columns.values('cpu').at(-1)).toBe(98);
    columns.push(point(0, 97));
    expect([...columns.t]).toEqual([0]);
  });

  it('the recent columns hold NaN where a sample has no such field', () => {
    const columns = new RecentColumns();
    columns.push(point(1, null));
    expect(columns.values('cpu')[0]).toBeNaN();
  });

  it('a snapshot replaces the recent columns, which keep its newest points', () => {
    const columns = new RecentColumns();
    columns.push(point(1e9));
    const t = Array.from({ length: 200 }, (_, i) => i);
    columns.load({ t, cpu: t, ram: t, disk: t, net_tx: t, net_rx: t });
    expect(columns.length).toBe(RECENT_POINTS);
    expect(columns.lastTime).toBe(199);
  });
});
