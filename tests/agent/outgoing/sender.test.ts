import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Failure, Outcome } from '../../../agent/link/outcome.ts';
import { createOutbox } from '../../../agent/outgoing/outbox.ts';
import { createSender, waitAfter } from '../../../agent/outgoing/sender.ts';
import { openSpool, SEGMENT } from '../../../agent/outgoing/spool.ts';
import { manualClock } from '../sampling/clock.ts';
import { ownFolder } from '../data-folder/folder.ts';
import { keptLog } from '../quiet.ts';

const AWAY: Outcome = { kind: 'unreachable', reason: 'ECONNREFUSED' };
const accepted = (interval_s = 5): Outcome => ({
  kind: 'accepted',
  reply: { accepted: 1, duplicates: 0, interval_s, sample_s: 1 },
});

/** A sender over a link that answers as `answer` says, with a sample each second. */
function setup(
  answer: (samples: readonly string[], at: number) => Outcome,
  ready?: () => Failure | undefined,
) {
  const clock = manualClock();
  const log = keptLog();
  const spool = openSpool(join(ownFolder(), 'spool'), { bytes: 1 << 20, ...SEGMENT }, log);
  const outbox = createOutbox(spool, log);
  const pushes: { at: number; samples: readonly string[]; dropped: number; ok: boolean }[] = [];
  const aside: { samples: readonly string[]; reason: string }[] = [];
  const sender = createSender({
    clock,
    log,
    random: () => 0.5,
    outbox,
    spool,
    ready: () => Promise.resolve(ready?.()),
    push: (samples, dropped) => {
      const outcome = answer(samples, clock.monotonic());
      pushes.push({ at: clock.monotonic(), samples, dropped, ok: outcome.kind === 'accepted' });
      return Promise.resolve(outcome);
    },
    setAside: (samples, reason) => aside.push({ samples, reason }),
    obey: ({ interval_s }) => interval_s * 1000,
    intervalMs: 5000,
  });
  let taken = 0;
  const advance = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      await clock.advance(1000);
      outbox.add(`{"n":${taken++}}`);
    }
  };
  sender.start();
  const arrived = () => new Set(pushes.filter(({ ok }) => ok).flatMap(({ samples }) => samples));
  return { clock, log, spool, outbox, pushes, aside, sender, advance, arrived };
}

describe('the sender', () => {
  it('pushes every interval at its own place, and faster as soon as it is asked to', async () => {
    let interval = 5;
    const { advance, pushes } = setup(() => accepted(interval));
    await advance(20);
    expect(pushes.map(({ samples }) => samples.length)).toEqual([2, 5, 5, 5]);
    interval = 1;
    await advance(10);
    expect(pushes.slice(-4).map(({ samples }) => samples.length)).toEqual([1, 1, 1, 1]);
  });

  it('[G1] loses nothing in an outage, shows the newest first, then fills the gap in order', async () => {
    const { advance, pushes, arrived, spool } = setup((_, at) =>
      at > 10_000 && at < 400_000 ? AWAY : accepted(),
    );
    await advance(460);
    const back = pushes.filter(({ ok, at }) => ok && at >= 400_000);
    const numbers = (samples: readonly string[] = []) => samples.map((text) => Number(/\d+/.exec(text)?.[0]));
    expect(Math.max(...numbers(back[0]?.samples))).toBeGreaterThan(395);
    expect(numbers(back[1]?.samples)).toEqual([...numbers(back[1]?.samples)].sort((a, b) => a - b));
    await advance(6);
    expect(spool.size()).toBe(0);
    for (let n = 0; n < 455; n++) expect(arrived()).toContain(`{"n":${n}}`);
  });

  it('[G2] waits longer and longer, with full jitter, up to a minute, for ever', () => {
    const waits = (random: number) =>
      [1, 2, 3, 4, 7, 20, 5000].map((failures) =>
        waitAfter({ kind: 'unreachable', reason: '' }, failures, () => random),
      );
    expect(waits(1)).toEqual([1000, 2000, 4000, 8000, 60_000, 60_000, 60_000]);
    expect(waits(0)).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  it('[I6] comes back no earlier than a busy server asked, and not at that very moment', () => {
    const busy = (random: number): number =>
      waitAfter({ kind: 'busy', reason: '', retryAfterMs: 30_000 }, 1, () => random);
    expect(busy(0)).toBe(30_000);
    expect(busy(0.9)).toBe(30_900);
  });

  it('[G2] keeps the data after a 401 and tries again about once a minute', async () => {
    const revoked: Outcome = { kind: 'unauthorized', reason: 'revoked' };
    const { advance, pushes, arrived, log } = setup((_, at) => (at < 200_000 ? revoked : accepted()));
    await advance(190);
    expect(pushes.length).toBeLessThanOrEqual(4);
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    await advance(80);
    for (let n = 0; n < 200; n++) expect(arrived()).toContain(`{"n":${n}}`);
  });

  it('[I2] sends the same samples again when the reply was lost', async () => {
    let lost = true;
    const { advance, pushes } = setup(() => {
      if (!lost) return accepted();
      lost = false;
      return AWAY;
    });
    await advance(8);
    expect(pushes[1]?.samples.slice(0, pushes[0]?.samples.length)).toEqual(pushes[0]?.samples);
  });

  it('splits what is too large, and what is refused, so that one bad sample takes no other with it', async () => {
    const bad = '{"n":9}';
    const { advance, arrived, aside } = setup((samples) => {
      if (samples.length > 3) return { kind: 'too_large' };
      return samples.includes(bad)
        ? { kind: 'refused', reason: 'metrics.cpu: must not be negative' }
        : accepted();
    });
    await advance(22);
    expect(aside).toEqual([{ samples: [bad], reason: 'metrics.cpu: must not be negative' }]);
    for (const n of [0, 5, 8, 10, 11, 16]) expect(arrived()).toContain(`{"n":${n}}`);
  });

  it('gives up on a server that refuses everything after a few tries a batch, and goes on', async () => {
    const { advance, pushes, aside, outbox } = setup(() => ({ kind: 'refused', reason: 'no' }));
    await advance(100);
    expect(aside.flatMap(({ samples }) => samples).length).toBeGreaterThan(90);
    expect(pushes.length).toBeLessThan(250);
    expect(outbox.isSpooling()).toBe(false);
  });

  it('[G1] reports dropped samples until a push with their number was accepted', async () => {
    let away = true;
    const { advance, pushes, spool } = setup(() => (away ? AWAY : accepted()));
    spool.lose(7);
    await advance(5);
    away = false;
    await advance(70);
    expect(pushes.filter(({ ok, dropped }) => ok && dropped === 7)).toHaveLength(1);
    expect(spool.dropped()).toBe(0);
  });

  it('waits for the server it has to join, spooling meanwhile', async () => {
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

  it('stops with a last push, or with everything on disk', async () => {
    const healthy = setup(() => accepted());
    await healthy.advance(4);
    await Promise.all([healthy.sender.stop(), healthy.clock.advance(3000)]);
    expect(healthy.arrived().size).toBe(4);
    expect(healthy.spool.size()).toBe(0);

    const away = setup(() => AWAY);
    await away.advance(4);
    await Promise.all([away.sender.stop(), away.clock.advance(5000)]);
    expect(away.spool.size()).toBe(4);
  });

  it.each([
    ['forward', 86_400_000],
    ['back', -86_400_000],
  ])('[G1] goes on at its pace when the clock is set %s by a day', async (_, step) => {
    const { clock, advance, pushes, arrived } = setup(() => accepted());
    await advance(20);
    const before = pushes.length;
    clock.step(step);
    await advance(20);
    expect(pushes.length - before).toBeGreaterThanOrEqual(4);
    expect(pushes.length - before).toBeLessThanOrEqual(5);
    for (let n = 0; n < 35; n++) expect(arrived()).toContain(`{"n":${n}}`);
  });

  it('[G1] waits out an outage by a clock that never steps', async () => {
    let away = true;
    const { clock, advance, arrived } = setup(() => (away ? AWAY : accepted()));
    await advance(20);
    clock.step(-86_400_000);
    away = false;
    await advance(120);
    for (let n = 0; n < 130; n++) expect(arrived()).toContain(`{"n":${n}}`);
  });

  it('[I6] keeps everything, and asks once, while a server says 429 for five minutes', async () => {
    const busy: Outcome = { kind: 'busy', reason: 'too many requests', retryAfterMs: 300_000 };
    const { advance, pushes, arrived } = setup((_, at) => (at < 200_000 ? busy : accepted()));
    await advance(290);
    expect(pushes).toHaveLength(1);
    await advance(60);
    for (let n = 0; n < 300; n++) expect(arrived()).toContain(`{"n":${n}}`);
  });
});
