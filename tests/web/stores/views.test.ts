import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Views } from '../../../web/src/stores/views.ts';

function setUp(lingerMs: number) {
  const followed = { starts: 0, stops: 0 };
  const viewers = new Views({
    lingerMs,
    start: () => {
      followed.starts++;
      return () => followed.stops++;
    },
  });
  return { viewers, followed };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('viewers', () => {
  it('two views of one store follow its room once, until the last of them left', () => {
    const { viewers, followed } = setUp(0);
    const [one, other] = [viewers.add(), viewers.add()];
    one();
    vi.runAllTimers();
    expect(followed).toEqual({ starts: 1, stops: 0 });
    other();
    vi.runAllTimers();
    expect(followed).toEqual({ starts: 1, stops: 1 });
  });

  it('a view that leaves twice counts once', () => {
    const { viewers, followed } = setUp(0);
    const [one] = [viewers.add(), viewers.add()];
    one();
    one();
    vi.runAllTimers();
    expect(followed.stops).toBe(0);
  });

  it('a page that opens as another closes takes over what the other followed', () => {
    const { viewers, followed } = setUp(0);
    const leave = viewers.add();
    leave();
    viewers.add();
    vi.runAllTimers();
    expect(followed).toEqual({ starts: 1, stops: 0 });
  });

  it('a store goes on for its linger time after the last view left, and starts anew after that', () => {
    const { viewers, followed } = setUp(20_000);
    const leave = viewers.add();
    leave();
    vi.advanceTimersByTime(19_999);
    expect(followed.stops).toBe(0);
    vi.advanceTimersByTime(1);
    expect(followed.stops).toBe(1);
    viewers.add();
    expect(followed.starts).toBe(2);
  });

  it('a store that is stopped at once is not stopped again when its views leave', () => {
    const { viewers, followed } = setUp(20_000);
    const leave = viewers.add();
    viewers.stop();
    leave();
    vi.runAllTimers();
    expect(followed).toEqual({ starts: 1, stops: 1 });
  });
});
