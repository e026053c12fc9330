import { expect, it } from 'vitest';
import { quotaCreate } from '#protocol/traffic.ts';
import { createLog } from '../../server/app/log.ts';
import { createQuotaBook } from '../../server/traffic/quota-book.ts';

const NOW = Date.UTC(2026, 10, 20);
const PERIOD_ENDS = Date.UTC(2026, 11, 1);
const MACHINE = { id: 'a', name: 'a', tags: [] };
const scope = { devices: [], tags: [], name: '' };
const quota = { id: 'q', ...quotaCreate.parse({ scope, interface: 'eth0', allowance_bytes: 1e12 }) };
const values = { cpu: 3, 'quota:eth0:used': 104, 'quota:eth0:level': 2, 'quota:eth1:used': 9 };

/** A server that starts while its history cannot be read. */
function startedAt(sampledAt: number) {
  const clock = { at: NOW };
  const book = createQuotaBook({
    quotas: () => [quota],
    machines: () => [MACHINE],
    machineOf: () => MACHINE,
    sampledAt: () => sampledAt,
    newestValues: () => values,
    history: {
      query: () => Promise.reject(new Error('not to be read')),
      timestamps: () => Promise.reject(new Error('not to be read')),
      caughtUp: () => new Promise(() => undefined),
    },
    clock: { now: () => clock.at, every: () => () => undefined, after: () => () => undefined },
    log: createLog('silent'),
  });
  return { book, clock };
}

it('[A3] after a restart samples go on saying what the newest one said of a quota, while the history cannot be read', () => {
  const { book } = startedAt(NOW - 60_000);
  expect(book.ownFields('a')?.values).toEqual({ 'quota:eth0:used': 104, 'quota:eth0:level': 2 });
  book.stop();
});

it('what a sample said of a quota ends with its billing period', () => {
  const { book, clock } = startedAt(NOW - 60_000);
  clock.at = PERIOD_ENDS;
  expect(book.ownFields('a')).toBeUndefined();
  book.stop();
  const last = startedAt(Date.UTC(2026, 9, 31)).book;
  expect(last.ownFields('a')?.values).toEqual({});
  last.stop();
});
