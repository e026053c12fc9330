import { describe, expect, it } from 'vitest';
import { clockFace } from '../../../web/src/boards/clock-face.ts';
import { arc, dial } from '../../../web/src/boards/dial.ts';

describe('dials and clocks', () => {
  const scale = { min: 0, max: 100, limits: { warning: 60, critical: 80, below: false } };

  it('a value outside the dial is at its end, and the zones lie where the limits are', () => {
    expect(dial(150, scale).part).toBe(1);
    expect(dial(-5, scale).part).toBe(0);
    expect(dial(50, scale)).toEqual({
      part: 0.5,
      zones: [
        { state: 'critical', from: 0.8, to: 1 },
        { state: 'warning', from: 0.6, to: 0.8 },
      ],
    });
    const below = { ...scale, limits: { warning: 20, critical: 10, below: true } };
    expect(dial(50, below).zones).toEqual([
      { state: 'critical', from: 0, to: 0.1 },
      { state: 'warning', from: 0.1, to: 0.2 },
    ]);
    expect(arc(0, 1)).toBe('M10.00 54.00A40 40 0 0 1 90.00 54.00');
  });

  it('a clock shows the time of its zone, and UTC where the browser does not know the zone', () => {
    const now = Date.UTC(2026, 10, 26, 12, 0, 5);
    expect(clockFace(now, { time_zone: 'Asia/Tokyo', seconds: true }).time).toBe('21:00:05');
    expect(clockFace(now, { time_zone: 'Mars/Base', seconds: false }).time).toBe('12:00 UTC');
  });
});
