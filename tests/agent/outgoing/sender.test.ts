import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LONGEST_RETRY_S } from '#protocol/gaps.ts';
import type { Failure, Outcome } from '../../../agent/link/outcome.ts';
import { createOutbox } from '../../../agent/outgoing/outbox.ts';
import { startSender, waitAfter } from '../../../agent/outgoing/sender.ts';
import { openSpool, SEGMENT } from '../../../agent/outgoing/spool.ts';
import { createPace } from '../../../agent/sampling/pace.ts';
import type { Sample } from '../../../agent/sampling/sample.ts';
import { manualClock } from '../sampling/clock.ts';
import { ownFolder } from '../data-folder/folder.ts';
import { keptLog } from '../quiet.ts';
import { numbersOf, sample } from './numbered.ts';

const AWAY: Outcome = { kind: 'unreachable', reason: 'ECONNREFUSED' };
const accepted = (interval_s = 5): Outcome => ({
  kind: 'accepted',
  reply: { accepted: 1, duplicates: 0, interval_s, sample_s: 1 },
});

/** A sender whose pushes are answered by `answer`, with a new sample every second. */
function setup(
  answer: (samples: readonly Sample[], at: number) => Outcome,
  ready?: () => Failure | undefined,
) {
  const clock = manualClock();
  const log = keptLog();
  const spool = openSpool(join(ownFolder(), 'spool'), { bytes: 1 << 20, ...SEGMENT }, log);
  const outbox = createOutbox(spool, log);
  const pushes: { at: number; numbers: readonly number[]; ok: boolean }[] = [];
  const aside: { numbers: readonly number[]; reason: string }[] = [];
  const { stop, state } = startSender({
    clock,
    log,
    random: () => 0.5,
    outbox,
    spool,
    link: { ready: () => Promise.resolve(ready?.()) },
    push: (samples) => {
      const outcome = answer(samples, clock.monotonic());
      pushes.push({ at: clock.monotonic(), numbers: numbersOf(samples), ok: outcome.kind === 'accepted' });
      return Promise.resolve(outcome);
    },
    setAside: (samples, reason) => aside.push({ numbers: numbersOf(samples), reason }),
    pace: createPace(undefined),
  });
  let taken = 0;
  const advance = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      await clock.advance(1000);
      outbox.add(sample(taken++));
    }
  };
  const arrived = () => new Set(pushes.filter(({ ok }) => ok).flatMap(({ numbers }) => numbers));
  /** Expects that samples 0 to `count - 1` were accepted. */
  const expectArrived = (count: number) => {
    const found = arrived();
    expect(Array.from({ length: count }, (_, n) => n).filter((n) => !found.has(n))).toEqual([]);
  };
  return { clock, log, spool, outbox, pushes, aside, stop, state, advance, arrived, expectArrived };
}

describe('the sender', () => {
  it('an agent pushes once per interval, at its own time in it, and more often as soon as the server asks for that', async () => {
    let interval = 5;
    const { advance, pushes } = setup(() => accepted(interval));
    await advance(20);
    expect(pushes.map(({ numbers }) => numbers.length)).toEqual([2, 5, 5, 5]);
    interval = 1;
    await advance(10);
    expect(pushes.slice(-4).map(({ numbers }) => numbers.length)).toEqual([1, 1, 1, 1]);
  });

  it('the sender tells when a push was accepted last and, while pushes fail, since when, why and when it tries again', async () => {
    const { advance, clock, state } = setup((_, at) => (at > 10_000 && at < 60_000 ? AWAY : accepted()));
    const began = clock.now();
    await advance(10);
    const well = state();
    expect(well).toMatchObject({ failing: undefined, sent: 7 });
    expect(began + 10_000 - (well.acceptedAt ?? 0)).toBeLessThanOrEqual(5000);
    await advance(40);
    const { acceptedAt, failing, nextAt } = state();
    expect(acceptedAt).toBe(well.acceptedAt);
    expect(failing).toMatchObject({ kind: 'unreachable', reason: 'ECONNREFUSED' });
    expect(failing?.tries).toBeGreaterThan(3);
    expect(failing?.since).toBe(well.nextAt);
    expect(nextAt).toBeGreaterThan(clock.now());
    await advance(40);
    expect(state()).toMatchObject({ failing: undefined });
    expect(state().acceptedAt).toBeGreaterThan(began + 60_000);
  });

  it('[G1] no sample is lost in an outage: the newest are sent first, then the gap is filled in order', async () => {
    const { advance, pushes, expectArrived, spool } = setup((_, at) =>
      at > 10_000 && at < 400_000 ? AWAY : accepted(),
    );
    await advance(460);
    const back = pushes.filter(({ ok, at }) => ok && at >= 400_000);
    expect(back[0]?.numbers.at(-1)).toBeGreaterThan(395);
    expect(back[1]?.numbers[0]).toBeLessThan(20);
    expect(back[1]?.numbers).toEqual(back[1]?.numbers.toSorted((a, b) => a - b));
    await advance(6);
    expect(spool.size()).toBe(0);
    expectArrived(455);
  });

  it('[G2] each failure doubles the longest wait, up to the time that the server allows for, with full jitter, and the sender never gives up', () => {
    const waits = (random: number) =>
      [1, 2, 3, 4, 7, 20, 5000].map((failures) =>
        waitAfter({ kind: 'unreachable', reason: '' }, failures, () => random),
      );
    const most = LONGEST_RETRY_S * 1000;
    expect(waits(1)).toEqual([1000, 2000, 4000, 8000, most, most, most]);
    expect(waits(0)).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  it('[I6] the sender tries again no earlier than a busy server asked for, and not exactly then', () => {
    const busy = (random: number): number =>
      waitAfter({ kind: 'busy', reason: '', retryAfterMs: 5000 }, 1, () => random);
    expect(busy(0)).toBe(5000);
    expect(busy(0.9)).toBe(5900);
  });

  it.each([undefined, 1000, 5000, 3_600_000, Infinity])(
    '[F2] no failure in a row and no Retry-After (%s ms) make the sender wait longer than the server’s grace allows for',
    (retryAfterMs) => {
      for (const failures of [1, 4, 5, 6, 5000])
        for (const random of [0, 0.5, 1])
          expect(
            waitAfter({ kind: 'busy', reason: '', retryAfterMs }, failures, () => random),
          ).toBeLessThanOrEqual(LONGEST_RETRY_S * 1000);
    },
  );

  it('[G2] the sender keeps its samples after a 401 and tries again about once a minute', async () => {
    const revoked: Outcome = { kind: 'unauthorized', reason: 'revoked' };
    const { advance, pushes, expectArrived, log } = setup((_, at) => (at < 200_000 ? revoked : accepted()));
    await advance(190);
    expect(pushes.length).toBeLessThanOrEqual(4);
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    await advance(80);
    expectArrived(200);
  });

  it('[I2] the sender sends the same samples again when the reply was lost', async () => {
    let lost = true;
    const { advance, pushes } = setup(() => {
      if (!lost) return accepted();
      lost = false;
      return AWAY;
    });
    await advance(8);
    expect(pushes[1]?.numbers.slice(0, pushes[0]?.numbers.length)).toEqual(pushes[0]?.numbers);
  });

  it('a push that is too large or refused is sent in halves, so that one bad sample takes no other with it', async () => {
    const bad = 9;
    const { advance, arrived, aside } = setup((samples) => {
      if (samples.length > 3) return { kind: 'too_large' };
      return numbersOf(samples).includes(bad)
        ? { kind: 'refused', reason: 'metrics.cpu: must not be negative' }
        : accepted();
    });
    await advance(22);
    expect(aside).toEqual([{ numbers: [bad], reason: 'metrics.cpu: must not be negative' }]);
    for (const n of [0, 5, 8, 10, 11, 16]) expect(arrived()).toContain(n);
  });

  it('a batch of which the server refuses everything is set aside after a few tries, and the next one is sent', async () => {
    const { advance, pushes, aside, outbox } = setup(() => ({ kind: 'refused', reason: 'no' }));
    await advance(100);
    expect(aside.flatMap(({ numbers }) => numbers).length).toBeGreaterThan(90);
    expect(pushes.length).toBeLessThan(250);
    expect(outbox.isSpooling()).toBe(false);
  });

  it('samples go to disk until the agent could join the server, and are then sent', async () => {
    let joined = false;
    const { advance, pushes, spool } = setup(
      () => accepted(),
      () => (joined ? undefined : { kind: 'unreachable', reason: 'ENOTFOUND' }),
    );
    await advance(30);
    expect(pushes).toHaveLength(0);
    expect(spool.size()).toBe(30);
    joined = true;
    await advance(70);
    expect(spool.size()).toBe(0);
  });

  it('stopping the sender sends the samples in memory, or leaves them on disk', async () => {
    const healthy = setup(() => accepted());
    await healthy.advance(4);
    await Promise.all([healthy.stop(), healthy.clock.advance(3000)]);
    expect(healthy.arrived().size).toBe(4);
    expect(healthy.spool.size()).toBe(0);

    const away = setup(() => AWAY);
    await away.advance(4);
    await Promise.all([away.stop(), away.clock.advance(5000)]);
    expect(away.spool.size()).toBe(4);
  });

  it.each([
    ['forward', 86_400_000],
    ['back', -86_400_000],
  ])('[G1] the sender keeps its interval when the clock is set %s by a day', async (_, step) => {
    const { clock, advance, pushes, expectArrived } = setup(() => accepted());
    await advance(20);
    const before = pushes.length;
    clock.step(step);
    await advance(20);
    expect(pushes.length - before).toBeGreaterThanOrEqual(4);
    expect(pushes.length - before).toBeLessThanOrEqual(5);
    expectArrived(35);
  });

  it('[G1] no sample is lost when the clock is set back during an outage', async () => {
    let away = true;
    const { clock, advance, expectArrived } = setup(() => (away ? AWAY : accepted()));
    await advance(20);
    clock.step(-86_400_000);
    away = false;
    await advance(120);
    expectArrived(130);
  });

  it('[I6] the sender keeps every sample while a proxy answers 503 with a Retry-After of an hour, and is back within the server’s grace', async () => {
    const busy: Outcome = { kind: 'busy', reason: 'HTTP status 503', retryAfterMs: 3_600_000 };
    const { advance, pushes, expectArrived } = setup((_, at) => (at < 200_000 ? busy : accepted()));
    await advance(199);
    expect(pushes.length).toBeLessThan(30);
    await advance(1 + LONGEST_RETRY_S);
    expect(pushes.some(({ ok }) => ok)).toBe(true);
    await advance(60);
    expectArrived(200);
  });
});
