import { describe, expect, it } from 'vitest';
import { startLoop, untilBeat } from '../../../agent/sampling/loop.ts';
import { createPace } from '../../../agent/sampling/pace.ts';
import { manualClock } from './clock.ts';

const START = Date.UTC(2026, 0, 1);

describe('the loop', () => {
  it('samples are taken at every full second of the wall clock, without drift', async () => {
    const clock = manualClock(START + 345);
    const beats: number[] = [];
    const stop = startLoop(clock, createPace(undefined), (t) => beats.push(t - START));
    await clock.advance(5000);
    stop();
    await clock.advance(5000);
    expect(beats).toEqual([1000, 2000, 3000, 4000, 5000]);
  });

  it('after a clock step the loop goes on from the new time, never with the same time twice in a row', async () => {
    const clock = manualClock(START);
    const beats: number[] = [];
    startLoop(clock, createPace(undefined), (t) => beats.push(t - START));
    await clock.advance(2000);
    clock.step(3_600_400);
    await clock.advance(2000);
    clock.step(-3_600_400);
    await clock.advance(2000);
    expect(beats.slice(0, 2)).toEqual([1000, 2000]);
    expect(beats.every((t) => t % 1000 <= 1)).toBe(true);
    expect(beats.every((t, index) => t !== beats[index - 1])).toBe(true);
    expect(beats.at(-1)).toBeLessThan(10_000);
    expect(Math.max(...beats)).toBeGreaterThan(3_600_000);
  });

  it('[I2] times that come again after the clock was set back differ from those of the first time', async () => {
    const clock = manualClock(START);
    const beats: number[] = [];
    startLoop(clock, createPace(undefined), (t) => beats.push(t));
    for (let n = 0; n < 20; n++) {
      await clock.advance(10_000);
      clock.step(-8000);
    }
    expect(beats.length).toBeGreaterThanOrEqual(180);
    expect(new Set(beats).size).toBe(beats.length);
  });

  it('the loop takes over a new pace at once, and does not start again after its stop', async () => {
    const clock = manualClock(START);
    const beats: number[] = [];
    const pace = createPace(undefined);
    const obey = (sample_s: number) => pace.obey({ accepted: 0, duplicates: 0, interval_s: 10, sample_s });
    obey(10);
    const stop = startLoop(clock, pace, (t) => beats.push(t - START));
    await clock.advance(1500);
    obey(1);
    await clock.advance(2000);
    expect(beats).toEqual([2000, 3000]);
    stop();
    obey(2);
    await clock.advance(10_000);
    expect(beats).toEqual([2000, 3000]);
  });

  it('a timer that fired a few milliseconds early does not cause a second beat', () => {
    expect(untilBeat(START + 995, 1000)).toBe(1005);
    expect(untilBeat(START, 1000)).toBe(1000);
    expect(untilBeat(START + 200, 5000, 2000)).toBe(1800);
  });
});
