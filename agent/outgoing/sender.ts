/**
 * Pushes: what is live first and on its beat, what is spooled in between, one push at a time [G1, G2]. A failure
 * is waited out with backoff and never ends the work.
 */
import type { PushReply } from '#protocol/sample.ts';
import { backoffMs, jittered } from './backoff.ts';
import type { Clock } from '../sampling/clock.ts';
import { deliver, type Delivered } from './delivery.ts';
import type { Failure, Outcome } from '../link/outcome.ts';
import type { Log } from '../log.ts';
import { untilBeat } from '../sampling/loop.ts';
import type { Outbox } from './outbox.ts';
import type { Spool } from './spool.ts';

export interface SenderParts {
  readonly clock: Clock;
  readonly log: Log;
  /** 0 ≤ r < 1, anew each time. */
  readonly random: () => number;
  readonly outbox: Outbox;
  readonly spool: Pick<Spool, 'oldest' | 'size' | 'dropped' | 'reported'>;
  /** Joins the server if need be. */
  readonly ready: () => Promise<Failure | undefined>;
  readonly push: (samples: readonly string[], dropped: number) => Promise<Outcome>;
  readonly setAside: (samples: readonly string[], reason: string) => void;
  /** Obeys what the server asks for; returns the milliseconds between pushes from now on. */
  readonly obey: (reply: PushReply) => number;
  /** Milliseconds between pushes until the server has said. */
  readonly intervalMs: number;
}

export interface Sender {
  /** Begins; before it nothing is sent. */
  start(): void;
  /** One last quick try; what does not arrive is in the spool afterwards. */
  stop(): Promise<void>;
}

/** After a 401 or 403: a person has to act, and may take days. */
const SLOW = 60_000;
/** Between two spooled batches: a fleet that comes back must not fill the server. */
const PAUSE = 250;
const LIVE_BYTES = 600 * 1024;
/** What a server asks for is obeyed up to here. */
const MOST_RETRY_AFTER = 600_000;
const LAST_TRY = 2000;

/** How long to wait after `failure`, the `failures`th in a row. */
export function waitAfter(failure: Failure, failures: number, random: () => number): number {
  if (failure.kind === 'unauthorized') return jittered(SLOW, random());
  const backoff = backoffMs(failures, random());
  if (failure.kind === 'unreachable' || failure.retryAfterMs === undefined) return backoff;
  // Not before it said, and not all at that moment.
  return Math.min(failure.retryAfterMs, MOST_RETRY_AFTER) + backoff;
}

export function createSender(parts: SenderParts): Sender {
  const { clock, log, outbox, spool, random } = parts;
  /** This agent's place within the interval [G2]; half a second is left for the samples of the beat itself. */
  const place = random();
  let interval = parts.intervalMs;
  let failures = 0;
  let lastProblem = '';
  let failingSince = 0;
  let stopping = false;
  let wake: () => void = () => undefined;
  let work: Promise<void> | undefined;

  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      const cancel = clock.after(ms, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });

  const untilPush = () => untilBeat(clock.now(), interval, place * Math.max(interval - 500, 500));

  const send = async (samples: readonly string[]): Promise<Delivered> => {
    const problem = await parts.ready();
    if (problem !== undefined) return problem;
    const push = async (piece: readonly string[]) => {
      const dropped = spool.dropped();
      const outcome = await parts.push(piece, dropped);
      if (outcome.kind === 'accepted') spool.reported(dropped);
      return outcome;
    };
    return deliver({ push, setAside: parts.setAside }, samples);
  };

  const succeeded = (reply: PushReply | undefined) => {
    if (failures > 0) {
      const seconds = Math.round((clock.monotonic() - failingSince) / 1000);
      log.info({ seconds, spooled: spool.size() }, 'the server takes samples again');
    }
    failures = 0;
    lastProblem = '';
    if (reply !== undefined) interval = parts.obey(reply);
  };

  /** Says each problem once; returns the wait. */
  const failed = (failure: Failure): number => {
    if (failures++ === 0) failingSince = clock.monotonic();
    outbox.failed();
    const problem = `${failure.kind} ${failure.reason}`;
    if (problem !== lastProblem)
      log.warn(
        { reason: failure.reason, kind: failure.kind },
        'samples cannot be sent now: they are kept, and it is tried again',
      );
    lastProblem = problem;
    return waitAfter(failure, failures, random);
  };

  /** Pushes what is live. Returns how long to wait before trying again, or undefined when nothing failed. */
  const pushLive = async (): Promise<number | undefined> => {
    const live = outbox.live(LIVE_BYTES);
    if (live === undefined) return undefined;
    const result = await send(live.samples);
    if (result.kind !== 'done') return failed(result);
    outbox.acknowledge(live.upTo);
    succeeded(result.reply);
    return undefined;
  };

  /** Sends spooled batches, oldest first, until the next live push is due. */
  const catchUp = async (): Promise<number | undefined> => {
    const due = clock.monotonic() + untilPush();
    while (!stopping && clock.monotonic() + PAUSE < due) {
      const batch = spool.oldest();
      if (batch === undefined) return undefined;
      const result = await send(batch.samples);
      if (result.kind !== 'done') return failed(result);
      batch.done();
      succeeded(result.reply);
      await sleep(jittered(PAUSE, random()));
    }
    return undefined;
  };

  const run = async () => {
    // A new device appears at once; its first samples follow on its own beat.
    const problem = await parts.ready();
    let wait = problem === undefined ? undefined : failed(problem);
    while (!stopping) {
      await sleep(wait ?? untilPush());
      if (stopping) break;
      wait = await pushLive();
      if (wait === undefined && !outbox.isSpooling()) wait = await catchUp();
    }
  };

  const lastTry = async () => {
    if (failures > 0) return;
    const late = new Promise<void>((resolve) => {
      wake = clock.after(LAST_TRY, resolve);
    });
    const push = pushLive().then(() => undefined);
    await Promise.race([push, late]);
    wake();
  };

  return {
    start() {
      work = run();
    },
    async stop() {
      stopping = true;
      wake();
      const late = new Promise<void>((resolve) => {
        clock.after(LAST_TRY, resolve);
      });
      await Promise.race([work ?? Promise.resolve(), late]);
      await lastTry();
      outbox.failed();
    },
  };
}
