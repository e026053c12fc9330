/**
 * Decides when to push [G1, G2]: the newest samples at every interval, and spooled ones in the time between, one push
 * at a time. After a failure it waits and tries again, for ever.
 */
import { LONGEST_RETRY_S } from '#protocol/gaps.ts';
import type { PushReply } from '#protocol/sample.ts';
import type { Link } from '../link/link.ts';
import type { Failure } from '../link/outcome.ts';
import type { Log } from '../log.ts';
import type { Clock } from '../sampling/clock.ts';
import { untilBeat } from '../sampling/loop.ts';
import type { Pace } from '../sampling/pace.ts';
import { deliver, type SetAside } from './delivery.ts';
import type { Outbox } from './outbox.ts';
import type { Push } from './push.ts';
import type { Batch, Spool } from './spool.ts';

interface SenderParts {
  readonly clock: Clock;
  readonly log: Log;
  /** A new number at each call: 0 ≤ r < 1. */
  readonly random: () => number;
  readonly outbox: Outbox;
  readonly spool: Pick<Spool, 'oldest' | 'size'>;
  readonly link: Pick<Link, 'ready'>;
  readonly push: Push;
  readonly setAside: SetAside;
  readonly pace: Pick<Pace, 'now' | 'obey'>;
}

/** How sending goes. Times are in epoch milliseconds. */
export interface SenderState {
  /** When a push was accepted last; undefined before the first one. */
  readonly acceptedAt: number | undefined;
  /** How many samples were sent since the start. */
  readonly sent: number;
  /** When the next push is due. */
  readonly nextAt: number;
  /** Undefined while pushes are accepted. */
  readonly failing:
    | {
        readonly since: number;
        /** How many tries failed in a row. */
        readonly tries: number;
        readonly kind: Failure['kind'];
        readonly reason: string;
      }
    | undefined;
}

export interface Sender {
  state(): SenderState;
  /** Pushes now, instead of waiting for the next try. */
  tryNow(): void;
  /**
   * Sends once more what waits in memory, within a few seconds. What did not arrive is in the spool afterwards.
   */
  stop(): Promise<void>;
}

/**
 * The first wait after a failure is at most this long, in milliseconds. The limit doubles with each failure in a row.
 */
const FIRST_BACKOFF = 1000;
const MOST_BACKOFF = LONGEST_RETRY_S * 1000;
/** The wait after a 401 or 403, in milliseconds: a person has to act, which may take days. */
const UNAUTHORIZED_WAIT = 60_000;
/**
 * The longest wait, in milliseconds, that a Retry-After is obeyed for. A Watchfloor server asks for less; the
 * maintenance page of a proxy asks for an hour, and the server would miss its agents as long.
 */
const MOST_RETRY_AFTER = MOST_BACKOFF / 2;
/** Milliseconds between two spooled batches: many agents may come back at once, and must not overload the server. */
const PAUSE = 250;
/** How long a stop waits for one push, in milliseconds. */
const LAST_TRY = 2000;

/** `ms` plus or minus up to a fifth, so that many agents do not keep the same beat. */
function jittered(ms: number, random: number): number {
  return Math.round(ms * (0.8 + 0.4 * random));
}

/** How many milliseconds to wait after `failure`, which is the `failures`th in a row: exponential, with full jitter. */
export function waitAfter(failure: Failure, failures: number, random: () => number): number {
  if (failure.kind === 'unauthorized') return jittered(UNAUTHORIZED_WAIT, random());
  // At the earliest when the server said, and not all agents at that moment.
  const asked = failure.kind === 'busy' ? Math.min(failure.retryAfterMs ?? 0, MOST_RETRY_AFTER) : 0;
  const most = Math.min(MOST_BACKOFF - asked, FIRST_BACKOFF * 2 ** Math.min(failures - 1, 30));
  return asked + Math.round(most * random());
}

export function startSender(parts: SenderParts): Sender {
  const { clock, log, outbox, spool, link, pace, random } = parts;
  /** Where in the interval this agent pushes [G2]: from 0, its start, to 1. */
  const place = random();
  let failures = 0;
  let lastFailure: Failure | undefined;
  let failingSince = 0;
  let acceptedAt: number | undefined;
  let sent = 0;
  let nextAt = clock.monotonic();
  let stopping = false;
  let wake: () => void = () => undefined;

  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      nextAt = clock.monotonic() + ms;
      const cancel = clock.after(ms, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });

  /**
   * Milliseconds until the next push. No push begins in the last half second of an interval, so none is late for it.
   */
  const untilPush = () => {
    const { pushMs } = pace.now();
    return untilBeat(clock.now(), pushMs, place * Math.max(pushMs - 500, 500));
  };

  const succeeded = (reply: PushReply | undefined) => {
    if (failures > 0) {
      const seconds = Math.round((clock.monotonic() - failingSince) / 1000);
      log.info({ seconds, spooled: spool.size() }, 'the server takes samples again');
    }
    failures = 0;
    lastFailure = undefined;
    acceptedAt = clock.monotonic();
    if (reply !== undefined) pace.obey(reply);
  };

  /** Logs each new problem once. Returns how many milliseconds to wait. */
  const failed = (failure: Failure): number => {
    if (failures++ === 0) failingSince = clock.monotonic();
    outbox.failed();
    if (failure.kind !== lastFailure?.kind || failure.reason !== lastFailure.reason)
      log.warn(
        { reason: failure.reason, kind: failure.kind },
        'samples cannot be sent now: they are kept, and the agent tries again',
      );
    lastFailure = failure;
    return waitAfter(failure, failures, random);
  };

  /** Sends a batch. Returns how many milliseconds to wait before the next try, or undefined when nothing failed. */
  const send = async (batch: Batch): Promise<number | undefined> => {
    const result = (await link.ready()) ?? (await deliver(parts, batch.samples));
    if (result.kind !== 'done') return failed(result);
    batch.done();
    sent += batch.samples.length;
    succeeded(result.reply);
    return undefined;
  };

  const sendNewest = async () => {
    const batch = outbox.next();
    return batch === undefined ? undefined : send(batch);
  };

  /** Sends spooled batches, oldest first, until the newest samples are due again. */
  const sendSpooled = async (): Promise<number | undefined> => {
    const due = clock.monotonic() + untilPush();
    while (!stopping && clock.monotonic() + PAUSE < due) {
      const batch = spool.oldest();
      if (batch === undefined) return undefined;
      const wait = await send(batch);
      if (wait !== undefined) return wait;
      await sleep(jittered(PAUSE, random()));
    }
    return undefined;
  };

  const run = async () => {
    // Joins at once, so that a new device appears at once. Its first samples follow at its place in the interval.
    const problem = await link.ready();
    let wait = problem === undefined ? undefined : failed(problem);
    while (!stopping) {
      await sleep(wait ?? untilPush());
      if (stopping) break;
      wait = await sendNewest();
      if (wait === undefined && !outbox.isSpooling()) wait = await sendSpooled();
    }
  };

  /** Waits for `work`, but no longer than a stop may take. Returns whether it ended. */
  const endsInTime = async (work: Promise<unknown>): Promise<boolean> => {
    let cancel: () => void = () => undefined;
    const late = new Promise<boolean>((resolve) => {
      cancel = clock.after(LAST_TRY, () => resolve(false));
    });
    const inTime = await Promise.race([work.then(() => true), late]);
    cancel();
    return inTime;
  };

  const work = run();

  /** In epoch milliseconds by the clock as it is set now. */
  const dated = (monotonic: number) => Math.round(clock.now() - clock.monotonic() + monotonic);

  return {
    state: () => ({
      acceptedAt: acceptedAt === undefined ? undefined : dated(acceptedAt),
      sent,
      nextAt: dated(nextAt),
      failing:
        lastFailure === undefined
          ? undefined
          : {
              since: dated(failingSince),
              tries: failures,
              kind: lastFailure.kind,
              reason: lastFailure.reason,
            },
    }),
    tryNow: () => wake(),
    async stop() {
      stopping = true;
      wake();
      // A push that is still under way is not joined by a second one: its samples go to disk.
      if ((await endsInTime(work)) && failures === 0) await endsInTime(sendNewest());
      outbox.failed();
    },
  };
}
