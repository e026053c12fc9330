import { describe, expect, it } from 'vitest';
import { areaPath, linePath } from '../../../web/src/charts/path.ts';

const box = { width: 100, height: 50, from: 0, to: 1000, top: 100 };

describe('a path', () => {
  it("a line's path goes from the left edge to the right one, with 0 at the bottom", () => {
    expect(linePath({ t: [0, 500, 1000], value: [0, 50, 100] }, box)).toBe('M0,50L50,25L100,0');
  });

  it("a line's path is broken at a gap, and a value alone is a dot", () => {
    expect(linePath({ t: [0, 100, 200, 300, 400, 500], value: [0, 0, null, 0, null, 0] }, box)).toBe(
      'M0,50L10,50M30,50h0M50,50h0',
    );
  });

  it('the path of a line without values is empty', () => {
    expect(linePath({ t: [], value: [] }, box)).toBe('');
    expect(areaPath({ t: [1, 2], value: [null, null] }, box)).toBe('');
  });

  it('an area reaches from the line to 0, or from the highest values to the lowest', () => {
    expect(areaPath({ t: [0, 1000], value: [100, 50] }, box)).toBe('M0,0L100,25L100,50L0,50Z');
    const band = { t: [0, 1000], value: [40, 40], low: [20, 20], high: [60, 80] };
    expect(areaPath(band, box)).toBe('M0,20L100,10L100,40L0,40Z');
  });
});
