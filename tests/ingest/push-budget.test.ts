import { describe, expect, test } from 'vitest';
import { createPushBudget } from '../../server/ingest/push-budget.ts';

const NOW = Date.UTC(2026, 0, 1);

describe('push budget', () => {
  test('[I8] each device may push 32 MiB at once, then 4 MiB a second, and no other device feels it', () => {
    const budget = createPushBudget();
    const mib = 1024 * 1024;
    for (let i = 0; i < 32; i++) budget.spendBytes('a', NOW, mib);
    expect(() => budget.spendBytes('a', NOW, mib)).toThrow('faster');
    budget.spendBytes('b', NOW, mib);
    for (let i = 0; i < 4; i++) budget.spendBytes('a', NOW + 1000, mib);
    expect(() => budget.spendBytes('a', NOW + 1000, mib)).toThrow('faster');
  });

  test('[I6] each device may push 100 times at once, then 20 times a second', () => {
    const budget = createPushBudget();
    for (let i = 0; i < 100; i++) budget.spend('a', NOW);
    expect(() => budget.spend('a', NOW)).toThrow('faster');
    budget.spend('b', NOW);
    for (let i = 0; i < 20; i++) budget.spend('a', NOW + 1000);
    expect(() => budget.spend('a', NOW + 1000)).toThrow('faster');
  });

  test('[I6] a server clock that is set back takes no push away from a device', () => {
    const budget = createPushBudget();
    budget.spend('a', NOW);
    expect(() => budget.spend('a', NOW - 3_600_000)).not.toThrow();
  });
});
