import { describe, expect, it } from 'vitest';
import { summaryGroups } from '../../../web/src/boards/summary-groups.ts';
import type { State } from '../../../web/src/ui/state.ts';

const machine = (name: string, state: State, ...tags: string[]) => ({ name, state, tags });

describe('summaries', () => {
  const all = [
    machine('a', 'good', 'site:fra'),
    machine('b', 'critical', 'site:fra'),
    machine('c', 'offline', 'x'),
  ];

  it('machines are counted by state, all together or for each tag with the prefix', () => {
    expect(summaryGroups(all, '')).toMatchObject([
      { total: 3, worst: 'critical', counts: { good: 1, offline: 1 } },
    ]);
    expect(summaryGroups(all, 'site:')).toMatchObject([{ name: 'fra', total: 2, worst: 'critical' }]);
    expect(summaryGroups(all, 'rack:')).toEqual([]);
  });
});
