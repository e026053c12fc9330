import { describe, expect, test } from 'vitest';
import { createPushBudget } from '../../server/ingest/push-budget.ts';

/** A budget, and the clock that it reads. */
function stage() {
  let now = Date.UTC(2026, 0, 1);
  return { budget: createPushBudget(() => now), pass: (ms: number) => (now += ms) };
}

describe('push budget', () => {
  test('[I8] each device may push 32 MiB at once, then 4 MiB a second, and no other device feels it', () => {
    const { budget, pass } = stage();
    const mib = 1024 * 1024;
    for (let i = 0; i < 32; i++) budget.spendBytes('a', mib);
    expect(() => budget.spendBytes('a', mib)).toThrow('faster');
    budget.spendBytes('b', mib);
    pass(1000);
    for (let i = 0; i < 4; i++) budget.spendBytes('a', mib);
    expect(() => budget.spendBytes('a', mib)).toThrow('faster');
  });

  test('[I6] each device may push 100 times at once, then 20 times a second', () => {
    const { budget, pass } = stage();
    for (let i = 0; i < 100; i++) budget.spend('a');
    expect(() => budget.spend('a')).toThrow('faster');
    budget.spend('b');
    pass(1000);
    for (let i = 0; i < 20; i++) budget.spend('a');
    expect(() => budget.spend('a')).toThrow('faster');
  });

  test('[I6] a server clock that is set back takes no push away from a device', () => {
    const { budget, pass } = stage();
    budget.spend('a');
    pass(-3_600_000);
    expect(() => budget.spend('a')).not.toThrow();
  });
});
