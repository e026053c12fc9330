import { describe, expect, it } from 'vitest';
import {
  fixedRange,
  liveSpan,
  moved,
  parseRange,
  presetRange,
  PRESETS,
  stepFor,
  widened,
  widthOf,
  historyQuery,
  writeRange,
} from '../../../web/src/charts/range.ts';

const parse = (query: string) => parseRange(new URLSearchParams(query));
const NOW = 1_790_000_123_456;

describe('what the charts show', () => {
  it("the charts' range is read from the URL and is live without one", () => {
    expect(parse('range=24h')).toEqual({ kind: 'last', key: '24h', ms: 86_400_000 });
    expect(parse('from=1790000000000&to=1790003600000')).toMatchObject({
      kind: 'fixed',
      from: 1_790_000_000_000,
      to: 1_790_003_600_000,
    });
    for (const odd of ['', 'range=17 parsecs', 'from=2000&to=1000', 'from=x&to=y', 'from=1&to=1e18'])
      expect(parse(odd).kind, odd).toBe('live');
  });

  it('a range that is written to the URL is read back the same', () => {
    for (const range of [...PRESETS.map(presetRange), fixedRange(NOW - 3_600_000, NOW)])
      expect(parse(writeRange(range))).toEqual(range);
  });

  it('a range between two moments is in whole seconds, in either order, and at least 10 s long', () => {
    expect(fixedRange(20_400, 3100)).toMatchObject({ from: 3000, to: 21_000 });
    const point = fixedRange(NOW, NOW);
    expect(widthOf(point)).toBe(10_000);
    expect(point).toMatchObject({ from: expect.any(Number) });
  });

  it('a range that is moved or widened ends now at the latest', () => {
    const hour = { from: NOW - 7_200_000, to: NOW - 3_600_000 };
    expect(moved(hour, -0.5, NOW)).toMatchObject(fixedRange(hour.from - 1_800_000, hour.to - 1_800_000));
    expect(moved(hour, 2, NOW)).toMatchObject(fixedRange(NOW - 3_600_000, NOW));
    expect(widened(hour, 2, NOW)).toMatchObject(fixedRange(hour.from - 1_800_000, hour.to + 1_800_000));
    expect(widened(hour, 10, NOW)).toMatchObject(fixedRange(NOW - 36_000_000, NOW));
  });

  it('the live charts of a machine that just joined reach back 1, then 2 minutes', () => {
    expect([0, 60_000, 60_001, 120_001, 1e9].map(liveSpan)).toEqual([
      60_000, 60_000, 120_000, 300_000, 300_000,
    ]);
  });

  it('[H2] no range asks for more than 400 buckets', () => {
    for (const { ms } of PRESETS) expect(ms / stepFor(ms)).toBeLessThanOrEqual(400);
  });

  it('a range that ends now asks for whole buckets, the newest included', () => {
    for (const preset of PRESETS) {
      const { from, to, step } = historyQuery(presetRange(preset), NOW);
      expect(from % step).toBe(0);
      expect(to % step).toBe(0);
      expect(to).toBeGreaterThanOrEqual(NOW);
      expect(to - NOW).toBeLessThan(step);
      expect(to - from).toBeGreaterThanOrEqual(preset.ms);
    }
  });

  it('a range between two moments asks for its whole buckets, whatever the time is now', () => {
    const { from, to, step } = historyQuery(fixedRange(NOW - 90_000_000, NOW - 86_400_000), NOW + 1e9);
    expect([from % step, to % step]).toEqual([0, 0]);
    expect(from).toBeLessThanOrEqual(NOW - 90_000_000);
    expect(to).toBeGreaterThanOrEqual(NOW - 86_400_000);
    expect(to - from).toBeLessThanOrEqual(3_600_000 + 2 * step);
  });
});
