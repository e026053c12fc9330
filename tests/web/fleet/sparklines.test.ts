import { expect, it } from 'vitest';
import { sparkPaths, sparkScale } from '../../../web/src/fleet/sparklines.ts';

const BOX = { width: 100, height: 40 };
/** A trace with one value every `every` seconds; NaN where the machine did not know it. */
const trace = (values: readonly number[], every = 5) => ({
  t: Float64Array.from(values, (_, i) => i * every * 1000),
  values: Float64Array.from(values),
});
const paths = (of: ReturnType<typeof trace>, spanMs: number) =>
  sparkPaths(of, sparkScale([of], { top: 100, spanMs }), BOX);

it('a sparkline ends at the right edge, rises to its top, and has its area under it', () => {
  expect(paths(trace([0, 50, 100]), 10_000)).toEqual({
    line: 'M0,40L50,20L100,0',
    area: 'M0,40L50,20L100,0V40H0Z',
  });
});

it('a value over the top stays within the sparkline', () => {
  expect(paths(trace([0, 250]), 5000).line).toBe('M0,40L100,0');
});

it('a sparkline is broken where a value is missing and where no sample came for too long', () => {
  expect(paths(trace([100, 100, NaN, 0, 0]), 20_000).line).toBe('M0,0L25,0M75,40L100,40');
  const late = trace([100, 100, 0, 0]);
  late.t.set([0, 5000, 95_000, 100_000]);
  expect(paths(late, 100_000).line).toBe('M0,0L5,0M95,40L100,40');
});

it('a value alone between two gaps draws nothing, and neither does a machine without values', () => {
  expect(paths(trace([NaN, 50, NaN]), 10_000)).toEqual({ line: '', area: '' });
  expect(paths(trace([]), 10_000)).toEqual({ line: '', area: '' });
});
