import { describe, expect, it } from 'vitest';
import { ago, between, clockError, instant, uptime, when } from '../../../web/src/format/time.ts';

const at = (text: string) => new Date(text).getTime();

describe('times', () => {
  it('an age below two seconds is written as now', () => {
    expect(ago(1000, 2500)).toBe('now');
    expect(ago(1000, 15_000)).toBe('14 s ago');
    expect(ago(5000, 1000)).toBe('now');
  });

  it('a clock that lacks time is behind, and one that has too much is ahead', () => {
    const now = at('2026-11-26T03:00:00Z');
    const lacking = (deviceTime: string) => now - at(deviceTime);
    expect(clockError(lacking('2001-01-01T00:00:00Z'))).toBe('9460 d behind');
    expect(clockError(lacking('2099-11-26T03:00:00Z'))).toBe('26663 d ahead');
    expect(clockError(lacking('2026-11-26T02:50:00Z'))).toBe('10 min behind');
    expect(clockError(lacking('2026-11-26T09:00:00Z'))).toBe('6 h ahead');
  });

  it('an uptime is written in its two largest units', () => {
    expect([42, 600, 15_000, 400_000].map(uptime)).toEqual(['42 s', '10 min', '4 h 10 min', '4 d 15 h']);
  });

  it('a moment is written without its date today, and without its year this year', () => {
    const now = at('2026-11-22T15:00:00');
    expect(when(at('2026-11-22T14:07:09'), now)).toBe('14:07:09');
    expect(when(at('2026-11-20T14:07:09'), now)).toBe('20 Nov 14:07');
    expect(when(at('2025-11-20T14:07:09'), now)).toBe('20 Nov 2025, 14:07:09');
  });

  it("a moment in a chart is written as exactly as the chart's data", () => {
    const t = at('2026-11-22T14:07:09');
    expect(instant(t, { spanMs: 300_000, stepMs: 6000 })).toBe('14:07:09');
    expect(instant(t, { spanMs: 6 * 3_600_000, stepMs: 90_000 })).toBe('14:07');
    expect(instant(t, { spanMs: 7 * 86_400_000, stepMs: 2_700_000 })).toBe('22 Nov 14:07');
  });

  it('a range of time names the year only where it changes', () => {
    expect(between(at('2026-11-21T10:00:00'), at('2026-11-22T10:00:00'))).toBe('21 Nov 10:00 – 22 Nov 10:00');
    expect(between(at('2025-11-22T10:00:00'), at('2026-11-22T10:00:00'))).toBe(
      '22 Nov 2025 10:00 – 22 Nov 2026 10:00',
    );
  });
});
