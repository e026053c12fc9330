import { describe, expect, it } from 'vitest';
import type { Collector } from '../../../agent/collectors/collector.ts';
import { tryCollectors } from '../../../agent/sampling/trial.ts';

const entry = (name: string, collector: Collector) => ({ name, create: () => collector });

describe('a trial of the collectors', () => {
  it('[G3] each collector is tried by itself: what it measures, or why it does not, and which files it cannot read', async () => {
    let readings = 0;
    const tried = await tryCollectors([
      entry('rates', { collect: () => ({ calls: ++readings }) }),
      entry('none', { collect: ({ read }) => (read('/nowhere/at-all') === undefined ? 'absent' : {}) }),
      entry('aside', {
        collect: async ({ readAside }) => ({ found: (await readAside('/proc/self')) === undefined ? 0 : 1 }),
      }),
      entry('bad', {
        collect: () => {
          throw new Error('EIO');
        },
      }),
    ]);
    expect(tried).toMatchObject([
      { name: 'rates', state: 'measures', fields: { calls: 2 }, unreadable: [], problem: undefined },
      { name: 'none', state: 'absent', unreadable: [{ path: '/nowhere/at-all', reason: 'ENOENT' }] },
      { name: 'aside', state: 'measures', unreadable: [{ path: '/proc/self', reason: 'EISDIR' }] },
      { name: 'bad', state: 'fails', problem: 'EIO' },
    ]);
  });
});
