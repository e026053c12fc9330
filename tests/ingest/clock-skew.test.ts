import { describe, expect, test } from 'vitest';
import { LeftOut } from '#protocol/ignored.ts';
import { samplesInTime, shiftFor } from '../../server/ingest/clock-skew.ts';

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

  /** The times that are taken of a push with these times, and what is left out as `path: reason`. */
  function taken(times: readonly number[], shiftMs = 0, keptMs = 10 * MINUTE) {
    const leftOut = new LeftOut();
    const samples = times.map((t) => ({ t, values: { cpu: 1 } }));
    const push = { form: 'batch', samples, places: undefined, leftOut } as const;
    const kept = samplesInTime(push, shiftMs, NOW, keptMs).map(({ t }) => t);
    return {
      kept,
      ignored: leftOut.summary()?.fields.map(({ field, reason }) => `${field}: ${reason}`) ?? [],
    };
  }

  test('[I7] a sample in the future or older than the history keeps costs only itself', () => {
    expect(taken([NOW - 10 * MINUTE, NOW + 5 * MINUTE]).ignored).toEqual([]);
    const times = [NOW - 11 * MINUTE, NOW, NOW + 6 * MINUTE];
    expect(taken(times)).toEqual({
      kept: [NOW],
      ignored: [
        'samples.0.timestamp: is older than anything the history keeps',
        'samples.2.timestamp: is 360 s in the future',
      ],
    });
  });

  test('[I5] a push with no sample that can be stored is refused, and the error names the first one', () => {
    expect(() => taken([NOW + 5 * MINUTE + 1])).toThrow('5 minutes in the future');
    expect(() => taken([NOW - 10 * MINUTE - 1])).toThrow('samples.0.timestamp: is older than anything');
    expect(() => taken([20_000], 0, NOW)).toThrow('samples.0.timestamp: is before the year 2000');
  });

  test('[I5] times are judged after the shift, whatever year the device believes it is', () => {
    expect(taken([20_000, 26_000], NOW - 26_000).kept).toEqual([20_000, 26_000]);
    const in2099 = Date.UTC(2099, 0, 1);
    expect(taken([in2099], NOW - in2099).kept).toEqual([in2099]);
    expect(taken([NOW - 2 * 1440 * MINUTE], 2 * 1440 * MINUTE).kept).toHaveLength(1);
  });
});
