import { describe, expect, it } from 'vitest';
import type { Point } from '#protocol/api.ts';
import { SampleWindow } from '../../../web/src/stores/samples.ts';

const T = 1_700_000_000_000;
const seconds = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => T + (from + i) * 1000);
const live = (from: number, to: number, offset = 0) => {
  const t = seconds(from, to).map((time) => time + offset);
  return { t, fields: { cpu: t.map((_, i) => from + i) } };
};
const history = (from: number, to: number) => ({
  device_id: 'd',
  from: T,
  to: T,
  step_ms: 1000,
  series: { cpu: seconds(from, to).map((t, i): Point => [t, 0, from + i, 99]) },
});

describe('the sample window', () => {
  it('the sample window puts history before live samples, with each second once', () => {
    const window = new SampleWindow(300_000);
    window.add(live(10, 15, 234));
    window.addHistory(history(0, 13));
    expect(window.t).toEqual([...seconds(0, 10), ...seconds(10, 15).map((t) => t + 234)]);
    expect(window.fields.get('cpu')).toEqual(Array.from({ length: 15 }, (_, i) => i));
  });

  it('history of a field that is loaded later fills the samples that lack it, at their own times', () => {
    const window = new SampleWindow(300_000);
    window.add(live(2, 4, 234));
    window.addHistory(history(0, 4));
    const points = seconds(0, 4).map((t): Point => [t, 0, 7, 9]);
    window.addHistory({ ...history(0, 0), series: { ram: points } });
    expect(window.t).toEqual([...seconds(0, 2), ...seconds(2, 4).map((t) => t + 234)]);
    expect(Object.fromEntries(window.fields)).toEqual({ cpu: [0, 1, 2, 3], ram: [7, 7, 7, 7] });
  });

  it('a live value stays where the history has another one for its second', () => {
    const window = new SampleWindow(300_000);
    window.add({ t: [T], fields: { cpu: [50] } });
    window.addHistory(history(0, 1));
    expect(window.fields.get('cpu')).toEqual([50]);
  });

  it('samples that arrive twice are one point of the sample window', () => {
    const window = new SampleWindow(300_000);
    window.add(live(0, 5));
    window.add(live(3, 8));
    window.addHistory(history(0, 8));
    expect(window.t).toEqual(seconds(0, 8));
  });

  it('[F3] samples whose clock was set back replace those of later times, in every field', () => {
    const window = new SampleWindow(300_000);
    window.add(live(0, 3));
    window.add({ t: seconds(240, 242), fields: { cpu: [10, 10], ram: [1, 1] } });
    window.add(live(3, 5));
    expect(window.t).toEqual(seconds(0, 5));
    expect(window.fields.get('cpu')).toEqual([0, 1, 2, 3, 4]);
    expect(window.fields.get('ram')).toEqual([null, null, null, null, null]);
    window.add(live(1, 2));
    expect(window.t).toEqual(seconds(0, 2));
  });

  it('history fills a pause between the live samples of the sample window', () => {
    const window = new SampleWindow(300_000);
    window.add(live(0, 5));
    window.add(live(30, 33));
    expect(window.t).toHaveLength(8);
    window.addHistory(history(0, 33));
    expect(window.t).toEqual(seconds(0, 33));
    expect(window.fields.get('cpu')).toEqual(Array.from({ length: 33 }, (_, i) => i));
  });

  it('the columns of the sample window have one length while fields come and go', () => {
    const window = new SampleWindow(300_000);
    window.add({ t: [T], fields: { cpu: [1] } });
    window.add({ t: [T + 1000], fields: { ram: [2] } });
    window.add({ t: [T + 2000], fields: { cpu: [3], ram: [4] } });
    expect(Object.fromEntries(window.fields)).toEqual({ cpu: [1, null, 3], ram: [null, 2, 4] });
  });

  it('the sample window keeps its length of time and at most a fifth more', () => {
    const window = new SampleWindow(60_000);
    for (let i = 0; i < 1000; i++) window.add(live(i, i + 1));
    expect(window.t.length).toBeLessThanOrEqual(73);
    expect(window.t.length).toBeGreaterThanOrEqual(60);
    expect(window.fields.get('cpu')?.length).toBe(window.t.length);
    expect(window.lastTime).toBe(T + 999_000);
  });

  it('the sample window forgets a field that has no more values', () => {
    const window = new SampleWindow(60_000);
    window.add({ t: [T], fields: { gone: [1] } });
    for (let i = 1; i < 200; i++) window.add(live(i, i + 1));
    expect([...window.fields.keys()]).toEqual(['cpu']);
  });
});
