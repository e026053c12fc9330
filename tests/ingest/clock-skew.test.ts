import { describe, expect, test } from 'vitest';
import { checkTimes, shiftFor } from '../../server/ingest/clock-skew.ts';

const NOW = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;

describe('clock skew', () => {
  test.each([
    ['a push without sent_at is not shifted', undefined, null, 0],
    ['a push that arrives exactly 5 minutes after its sent_at is not shifted', NOW - 5 * MINUTE, null, 0],
    [
      'a push that arrives 5 minutes and 1 ms after its sent_at is shifted',
      NOW - 5 * MINUTE - 1,
      null,
      5 * MINUTE + 1,
    ],
    ['a push sent 6 minutes ahead of the server is shifted back', NOW + 6 * MINUTE, null, -6 * MINUTE],
    [
      'a skew within 30 s of the last shift keeps that shift',
      NOW - 10 * MINUTE,
      10 * MINUTE - 30_000,
      10 * MINUTE - 30_000,
    ],
    [
      'a skew over 30 s from the last shift becomes the new shift',
      NOW - 10 * MINUTE,
      10 * MINUTE - 30_001,
      10 * MINUTE,
    ],
    ['a push of a clock that is right again is not shifted', NOW, 10 * MINUTE, 0],
  ])('[I5] %s', (_, sentAt, lastShiftMs, shiftMs) => {
    expect(shiftFor(sentAt, NOW, lastShiftMs)).toBe(shiftMs);
  });

  test('[I5] the first sample in the future, or older than the history keeps, is refused by its path', () => {
    const check = (times: readonly number[], shiftMs = 0, keptMs = 10 * MINUTE) => {
      const samples = times.map((t) => ({ t, values: { cpu: 1 } }));
      checkTimes({ form: 'single', samples }, shiftMs, NOW, keptMs);
    };
    check([NOW - 10 * MINUTE, NOW + 5 * MINUTE]);
    expect(() => check([NOW, NOW + 5 * MINUTE + 1])).toThrow('5 minutes in the future');
    expect(() => check([NOW - 10 * MINUTE - 1])).toThrow(
      'timestamp: is older than anything the history keeps',
    );
    expect(() => check([NOW - 60 * MINUTE], 60 * MINUTE, MINUTE)).not.toThrow();
  });
});
