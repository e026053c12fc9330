/** What the bytes of a quota are made of, on each implementation of the History contract. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sample } from '#protocol/sample.ts';
import { DAY, HOUR, MINUTE } from '#protocol/span.ts';
import { quotaCreate, type Quota, type Standing } from '#protocol/traffic.ts';
import type { History } from '../../server/history/history.ts';
import { createQuotaBook, type QuotaBook } from '../../server/traffic/quota-book.ts';
import { readTraffic } from '../../server/traffic/traffic-history.ts';
import { createLog } from '../../server/app/log.ts';
import { createMeter } from '../traffic/metered.ts';
import type { HistoryUnderTest } from './history.ts';

/** Midnight of the day before yesterday, in UTC: the samples go on until two hours into the next day. */
const BASE = Math.floor(Date.now() / DAY) * DAY - 2 * DAY;
const MACHINE = { id: 'a', name: 'a', tags: [] };

function quotaSince(from: number): Quota {
  const billing_day = new Date(from).getUTCDate();
  const scope = { devices: [], tags: [], name: '' };
  return { id: 'q', ...quotaCreate.parse({ scope, interface: 'eth0', allowance_bytes: 1e12, billing_day }) };
}

export function trafficContract(name: string, start: () => Promise<HistoryUnderTest>): void {
  describe(`traffic from the ${name} history`, () => {
    const quota = quotaSince(BASE);
    let subject: HistoryUnderTest;
    let history: History;
    let position = 0;
    let now = BASE;
    let newest = BASE;
    const books: QuotaBook[] = [];

    function openBook(): QuotaBook {
      const book = createQuotaBook({
        quotas: () => [quota],
        machines: () => [MACHINE],
        machineOf: () => MACHINE,
        sampledAt: () => newest,
        newestValues: () => ({}),
        history: {
          query: (query) => history.query(query),
          timestamps: (...asked) => history.timestamps(...asked),
          caughtUp: () => Promise.resolve(),
        },
        clock: {
          now: () => now,
          every: () => () => undefined,
          after(_, job) {
            const waiting = setImmediate(job);
            return () => clearImmediate(waiting);
          },
        },
        log: createLog('silent'),
      });
      books.push(book);
      return book;
    }
    async function standing(book: QuotaBook): Promise<Standing> {
      // The first round may have begun when the book was opened, before the time was moved on.
      await book.round();
      await book.round();
      const found = book.list()[0]?.standing;
      if (found === undefined || found === null) throw new Error('nothing was worked out');
      return found;
    }
    async function store(book: QuotaBook, samples: readonly Sample[]): Promise<void> {
      for (let i = 0; i < samples.length; i += 10_000)
        await history.write([{ deviceId: 'a', samples: samples.slice(i, i + 10_000) }], ++position);
      newest = Math.max(newest, samples.at(-1)?.t ?? 0);
      book.pushAccepted({
        ...{ deviceId: 'a', samples, current: samples, arrived: now, intervalS: 5, sentAt: now },
      });
    }

    beforeAll(async () => {
      subject = await start();
      history = await subject.open();
    });
    afterAll(async () => {
      for (const book of books) book.stop();
      await history.close();
      await subject.dispose();
    });

    it('the running total, the total read anew and the interface’s own counter are equal within 1 %', async () => {
      const meter = createMeter('eth0');
      const book = openBook();
      const counted = { in: 0, out: 0 };
      let knownMs = 0;
      const run = (from: number, to: number) => {
        const { samples, grown } = meter.run(BASE + from, BASE + to);
        counted.in += grown.in;
        counted.out += grown.out;
        knownMs += to - from;
        return samples;
      };
      // The agent starts at an odd time, and is started again after the machine was off for 40 minutes.
      now = BASE + 6 * HOUR;
      await store(book, run(7 * MINUTE, 6 * HOUR));
      await standing(book);
      now = BASE + 9 * HOUR;
      await store(book, run(6 * HOUR + 40 * MINUTE, 9 * HOUR));
      await standing(book);
      // The link is lost for two hours, but the agent goes on, and sends what it has on the next day.
      const spooled = run(9 * HOUR, 11 * HOUR);
      now = BASE + 20 * HOUR;
      await store(book, run(11 * HOUR, 20 * HOUR));
      await standing(book);
      now = BASE + 25.5 * HOUR;
      await store(book, run(20 * HOUR, 25.5 * HOUR));
      const without = await standing(book);
      now = BASE + 26 * HOUR;
      await store(book, spooled);
      await store(book, run(25.5 * HOUR, 26 * HOUR));

      const running = await standing(book);
      expect(without.unknown_s - running.unknown_s).toBeCloseTo(2 * 3600, -2);
      const fresh = await standing(openBook());
      for (const [said, real] of [
        [running.in_bytes, counted.in],
        [running.out_bytes, counted.out],
      ] as const)
        expect(Math.abs(said / real - 1)).toBeLessThan(0.01);
      expect(fresh.out_bytes / running.out_bytes).toBeCloseTo(1, 5);
      expect(fresh.in_bytes / running.in_bytes).toBeCloseTo(1, 5);
      expect(fresh.unknown_s).toBe(running.unknown_s);

      const { periods, days } = await readTraffic(
        history,
        { deviceId: 'a', interface: 'eth0', billing_day: quota.billing_day, time_zone: 'UTC' },
        now,
      );
      expect((periods[0]?.out_bytes ?? 0) / running.out_bytes).toBeCloseTo(1, 5);
      const ofDays = days.reduce((sum, day) => sum + day.out_bytes, 0);
      expect(ofDays / running.out_bytes).toBeCloseTo(1, 5);
      // What was not measured is said: before the agent came, and while the machine was off.
      expect(running.unknown_s).toBeCloseTo((now - running.from - knownMs) / 1000, -2);
    });

    it('nothing is foretold before a day is known', async () => {
      now = BASE + 24 * HOUR;
      expect((await standing(openBook())).forecast).toBeNull();
    });
  });
}
