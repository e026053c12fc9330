import { describe, expect, it } from 'vitest';
import { createPace, intervalsFor } from '../../../agent/sampling/pace.ts';

describe('the pace', () => {
  it('the interval is the server’s, or the owner’s setting while nobody watches', () => {
    const ms = (ownerS: number | undefined, interval_s: number, sample_s = 1) =>
      intervalsFor(ownerS, { interval_s, sample_s }).pushMs;
    expect(ms(undefined, 5)).toBe(5000);
    expect(ms(undefined, 1)).toBe(1000);
    expect(ms(30, 5)).toBe(30_000);
    expect(ms(2, 5)).toBe(2000);
    // One push for each sample: somebody watches.
    expect(ms(30, 1)).toBe(1000);
    expect(intervalsFor(20).pushMs).toBe(20_000);
  });

  it('the interval stays within the limits of the wire, whatever a server asks for', () => {
    expect(intervalsFor(undefined, { interval_s: 0.0001, sample_s: 1e-9 })).toEqual({
      pushMs: 1000,
      sampleMs: 100,
    });
    expect(intervalsFor(undefined, { interval_s: 1e9, sample_s: 10 }).pushMs).toBe(3_600_000);
    // A push more frequent than the samples would be empty.
    expect(intervalsFor(2, { interval_s: 60, sample_s: 10 }).pushMs).toBe(10_000);
  });

  it('the first pace is a push every 5 seconds and a sample every second, and each reply changes it', () => {
    const pace = createPace(undefined);
    expect(pace.now()).toEqual({ pushMs: 5000, sampleMs: 1000 });
    pace.obey({ accepted: 1, duplicates: 0, interval_s: 1, sample_s: 1 });
    expect(pace.now()).toEqual({ pushMs: 1000, sampleMs: 1000 });
  });
});
