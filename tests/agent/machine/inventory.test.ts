import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bootTime, joinDescribed, withBootTime } from '../../../agent/machine/inventory.ts';

const BOOT = Date.UTC(2026, 0, 1);
const found = { os_name: 'Debian', boot_time: BOOT };

describe('the time of boot', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
  afterEach(() => void vi.useRealTimers());

  it.each([
    ['1970', Date.UTC(1970, 0, 1, 0, 5)],
    ['two days off', Date.now() - 2 * 86_400_000],
    ['an hour ahead', Date.now() + 3_600_000],
  ])('[I5] the time of boot is read again after a clock that said %s was set', (_, wrong) => {
    const right = Date.now();
    vi.setSystemTime(wrong);
    const before = withBootTime(found, bootTime());
    vi.setSystemTime(right);
    const after = withBootTime(before, bootTime());
    expect(after).toEqual({ os_name: 'Debian', boot_time: bootTime() });
    expect((after.boot_time ?? 0) - (before.boot_time ?? 0)).toBeCloseTo(right - wrong, -4);
  });

  it('the inventory stays the same object, and is not sent again, while the clock is not set', () => {
    for (const rounding of [0, 1000, -1000, 2000]) expect(withBootTime(found, BOOT + rounding)).toBe(found);
    expect(withBootTime(found, BOOT + 3000)).not.toBe(found);
    expect(withBootTime({ os_name: 'Debian' }, BOOT)).toEqual(found);
  });
});

it('what collectors describe is part of the inventory, which is another object only when one of them changed', () => {
  let described: { containers: { name: string; image: string }[] }[] = [];
  const current = joinDescribed(
    () => found,
    () => described,
  );
  expect(current()).toBe(found);
  described = [{ containers: [{ name: 'web', image: 'nginx:1' }] }];
  const joined = current();
  expect(joined).toEqual({ ...found, containers: [{ name: 'web', image: 'nginx:1' }] });
  expect(current()).toBe(joined);
  described = [];
  expect(current()).toBe(found);
  expect(
    joinDescribed(
      () => undefined,
      () => described,
    )(),
  ).toBeUndefined();
});
