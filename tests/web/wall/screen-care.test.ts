import { describe, expect, it } from 'vitest';
import { brightness, pixelShift } from '../../../web/src/wall/screen-care.ts';

const night = { from: '22:00', to: '06:30', time_zone: 'Europe/Berlin', brightness: 30 };
const at = (time: string) => Date.parse(`2026-11-26T${time}:00+01:00`);

describe('the care for a screen', () => {
  it('the wall is dimmed at night, by the clock of its time zone, over midnight too', () => {
    const shown = ['21:59', '22:00', '23:59', '00:00', '06:29', '06:30', '12:00'].map((time) =>
      brightness(night, at(time)),
    );
    expect(shown).toEqual([1, 0.3, 0.3, 0.3, 0.3, 1, 1]);
    expect(brightness({ ...night, from: '12:00', to: '13:00' }, at('12:30'))).toBe(0.3);
    expect(brightness(null, at('23:00'))).toBe(1);
  });

  it('on the night in which clocks are set back, the night ends by the new time', () => {
    expect(brightness(night, Date.parse('2026-10-25T05:29:00Z'))).toBe(0.3);
    expect(brightness(night, Date.parse('2026-10-25T05:30:00Z'))).toBe(1);
  });

  it('everything moves by one small step every few minutes, and comes back', () => {
    const minute = 60_000;
    const places = Array.from({ length: 60 }, (_, i) => pixelShift(true, i * minute));
    expect(new Set(places.map(({ x, y }) => `${x} ${y}`)).size).toBe(9);
    for (const [i, { x, y }] of places.entries()) {
      const next = places[i + 1];
      if (next) expect(Math.max(Math.abs(next.x - x), Math.abs(next.y - y))).toBeLessThanOrEqual(4);
      expect(Math.max(Math.abs(x), Math.abs(y))).toBeLessThanOrEqual(4);
    }
    expect(pixelShift(false, 5 * minute)).toEqual({ x: 0, y: 0 });
  });
});
