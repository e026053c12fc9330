/**
 * How the server reads its history. A read first waits until the acknowledged samples are in the history, while
 * it takes samples. A history elsewhere may not answer for hours, and the network may not even say so: where a
 * patience is given, every read ends within it, with the reason.
 */
import type { Sample } from '#protocol/sample.ts';
import type { Clock } from '../types.ts';
import { HistoryError, type History } from './history.ts';

/** How long the server waits for a history elsewhere, in milliseconds. */
export interface Patience {
  /** Who is waited for, for the reason. */
  readonly who: string;
  /** For the answer to a request, the acknowledged samples included. */
  readonly answerMs: number;
  /** [H4] For the times of stored samples and for the fields of a device, which a push waits for. */
  readonly lookUpMs: number;
  /** For the newest samples, which the start waits for. */
  readonly latestMs: number;
}

export const influxPatience = (url: string): Patience => ({
  who: `InfluxDB at ${url}`,
  answerMs: 4000,
  lookUpMs: 1000,
  latestMs: 3000,
});

/**
 * [I8] How long a chart waits at most for acknowledged samples to be in the history, in milliseconds: other devices may
 * have pushed a great many.
 */
const CAUGHT_UP_MS = 1500;
/**
 * [I8] How long a push waits at most for a look-up in a history in this process, in milliseconds: much less than the
 * time after which its device counts as offline. The history itself answers at once, but not before it has taken what
 * other devices have pushed.
 */
const LOOK_UP_MS = 4000;

export interface ReaderParts {
  readonly history: Pick<History, 'query' | 'fields' | 'timestamps' | 'latest'>;
  /** Resolves when everything acknowledged before the call is in the history. */
  readonly caughtUp: () => Promise<void>;
  /** Why the history does not take samples now; undefined while it does. */
  readonly problem: () => string | undefined;
  readonly clock: Pick<Clock, 'after'>;
  /** Undefined for a history in this process, which always answers once it has taken the samples. */
  readonly patience: Patience | undefined;
}

export interface Reader extends Pick<History, 'query' | 'fields' | 'latest'> {
  /** Resolves when the acknowledged samples are in the history, or when waiting for them takes too long. */
  untilCaughtUp(): Promise<void>;
  /**
   * The times of a device's stored samples in [from, to), epoch milliseconds, all acknowledged samples included.
   * @throws while the history does not take samples, or does not answer in time
   */
  storedTimes(deviceId: string, from: number, to: number): Promise<readonly number[]>;
  /**
   * The names of the fields that the history has of a device, all acknowledged samples included.
   * @throws while the history does not take samples, or does not answer in time
   */
  storedFields(deviceId: string): Promise<readonly string[]>;
  /** Settles as `work`, the answer to a request, does; rejects where that takes longer than the patience. */
  inTime<T>(work: Promise<T>): Promise<T>;
  /** Rejects all reads that wait, so that the server can stop. */
  stop(): void;
}

export function createReader({ history, caughtUp, problem, clock, patience }: ReaderParts): Reader {
  /** Look-ups that took too long and still run. While there is one, another would wait in vain. */
  let overdue = 0;
  const giveUps = new Set<() => void>();

  /** Settles as `work` does, or rejects after so many milliseconds, with the reason that is given then. */
  function before<T>(ms: number, work: Promise<T>, onOverdue: () => string): Promise<T> {
    return new Promise((resolve, reject) => {
      const giveUp = (reason: string) => {
        end();
        reject(new HistoryError(reason, { cause: undefined, retryAfterMs: 0 }));
      };
      const stopping = () => giveUp('the server stops');
      const cancel = clock.after(ms, () => giveUp(onOverdue()));
      const end = () => {
        cancel();
        giveUps.delete(stopping);
      };
      giveUps.add(stopping);
      work.then(resolve, reject).finally(end);
    });
  }

  /** As `before`, once the patience with the history is over. */
  function within<T>(what: 'answerMs' | 'latestMs', work: Promise<T>): Promise<T> {
    if (patience === undefined) return work;
    const { [what]: ms } = patience;
    return before(ms, work, () => lateText(ms));
  }

  /** Why there was no answer after so many milliseconds. */
  function lateText(ms: number): string {
    const reason = problem();
    if (reason !== undefined) return reason;
    const late = `${patience?.who ?? 'the history'} did not answer within ${ms / 1000} s`;
    return patience === undefined
      ? `${late}: it is still taking in samples`
      : `${late}: it is overloaded, or the network delays its answer`;
  }

  async function untilCaughtUp(): Promise<void> {
    if (problem() !== undefined) return;
    // What is not in the history by then is missing in the answer; the next answer has it.
    await before(CAUGHT_UP_MS, caughtUp(), () => 'the history is behind').catch(() => undefined);
  }

  /** What `ask` gives once all acknowledged samples are in the history; a push waits for it. */
  async function lookUp<T>(ask: () => Promise<T>): Promise<T> {
    const reason =
      problem() ?? (overdue > 0 ? `${patience?.who ?? 'the history'} does not answer in time` : undefined);
    if (reason !== undefined) throw new HistoryError(reason, { cause: undefined, retryAfterMs: 0 });
    const asking = caughtUp().then(ask);
    const ms = patience?.lookUpMs ?? LOOK_UP_MS;
    return before(ms, asking, () => {
      overdue++;
      const onSettled = () => {
        overdue--;
      };
      asking.then(onSettled, onSettled);
      return lateText(ms);
    });
  }

  return {
    untilCaughtUp,
    async query(query) {
      await untilCaughtUp();
      return history.query(query);
    },
    async fields(deviceId) {
      await untilCaughtUp();
      return history.fields(deviceId);
    },
    latest: (): Promise<ReadonlyMap<string, Sample>> => within('latestMs', history.latest()),
    storedTimes: (deviceId, from, to) => lookUp(() => history.timestamps(deviceId, from, to)),
    storedFields: (deviceId) => lookUp(() => history.fields(deviceId)),
    inTime: (work) => within('answerMs', work),
    stop() {
      for (const giveUp of giveUps) giveUp();
    },
  };
}
