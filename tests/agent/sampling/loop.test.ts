import { describe, expect, it } from 'vitest';
import { startLoop, untilBeat } from '../../../agent/sampling/loop.ts';
import { paceFor } from '../../../agent/sampling/pace.ts';
import { manualClock } from './clock.ts';

const START = Date.UTC(2026, 0, 1);

describe('the loop', () => {
  it('beats on the wall clock’s seconds, without drift', async () => {
    const clock = manualClock(START + 345);
    const beats: number[] = [];
    const loop = startLoop(clock, 1000, (t) => beats.push(t - START));
    await clock.advance(5000);
    loop.stop();
    await clock.advance(5000);
    expect(beats).toEqual([1000, 2000, 3000, 4000, 5000]);
  });

  it('goes on from where the clock is after a step or a suspend, never with the same time twice in a row', async () => {
    const clock = manualClock(START);
    const beats: number[] = [];
    startLoop(clock, 1000, (t) => beats.push(t - START));
    await clock.advance(2000);
    clock.step(3_600_400);
    await clock.advance(2000);
    clock.step(-3_600_400);
    await clock.advance(2000);
    expect(beats.slice(0, 2)).toEqual([1000, 2000]);
    expect(beats.every((t) => t % 1000 === 0)).toBe(true);
    expect(beats.every((t, index) => t !== beats[index - 1])).toBe(true);
    expect(beats.at(-1)).toBeLessThan(10_000);
    expect(Math.max(...beats)).toBeGreaterThan(3_600_000);
  });

  it('takes a new pace at once', async () => {
    const clock = manualClock(START);
    const beats: number[] = [];
    const loop = startLoop(clock, 10_000, (t) => beats.push(t - START));
    await clock.advance(1500);
    loop.setPace(1000);
    await clock.advance(2000);
    expect(beats).toEqual([2000, 3000]);
  });

  it('waits for the next beat when a timer fired a little early', () => {
    expect(untilBeat(START + 995, 1000)).toBe(1005);
    expect(untilBeat(START, 1000)).toBe(1000);
    expect(untilBeat(START + 200, 5000, 2000)).toBe(1800);
  });
});

describe('the pace', () => {
  it('is the server’s, or the owner’s while nobody watches', () => {
    const ms = (owner: number | undefined, interval_s: number, sample_s = 1) =>
      paceFor(owner, { interval_s, sample_s }).intervalMs;
    expect(ms(undefined, 5)).toBe(5000);
    expect(ms(undefined, 1)).toBe(1000);
    expect(ms(30, 5)).toBe(30_000);
    expect(ms(2, 5)).toBe(2000);
    // One push a sample: somebody watches.
    expect(ms(30, 1)).toBe(1000);
    expect(paceFor(20).intervalMs).toBe(20_000);
  });

  it('stays within what the wire takes, whatever a server says', () => {
    expect(paceFor(undefined, { interval_s: 0.0001, sample_s: 1e-9 })).toEqual({
      intervalMs: 1000,
      sampleMs: 100,
    });
    expect(paceFor(undefined, { interval_s: 1e9, sample_s: 10 }).intervalMs).toBe(3_600_000);
    // No push without a sample.
    expect(paceFor(2, { interval_s: 60, sample_s: 10 }).intervalMs).toBe(10_000);
  });
});
