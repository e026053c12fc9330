/**
 * [I2] Finds out which samples of a push are new. Nearly always all samples of a push are newer than the
 * newest one of their device. The others nearly always come from a resend after a lost reply, so that the times
 * of each device's last push are kept in memory too. Any other samples (as from an agent's spool) are looked up
 * in the history, one push of a device after another.
 */
import { ApiError } from '#protocol/errors.ts';
import type { Sample } from '#protocol/sample.ts';

export interface NewSamplesParts {
  /** By device: the time of the newest stored sample at the server's start, epoch milliseconds. */
  readonly newest: ReadonlyMap<string, number>;
  /** The times in [from, to), epoch milliseconds, of all samples that were acknowledged for a device. */
  readonly storedTimes: (deviceId: string, from: number, to: number) => Promise<readonly number[]>;
  /** Called with the error when `storedTimes` rejects. */
  readonly onLookUpFailed: (error: unknown) => void;
}

/** The `samples` that the methods take are in ascending time. */
export interface NewSamples {
  /**
   * True when all samples are newer than the device's newest one: the newest time then moves on to theirs,
   * and the caller tells `trackWrite` of their write. False: the caller has to use `lookUpNew` within
   * `runInTurn`.
   */
  claimIfAllNewer(deviceId: string, samples: readonly Sample[]): boolean;
  /** Makes later look-ups for this device wait until `write`, which resolves with the samples, has settled. */
  trackWrite(deviceId: string, write: Promise<readonly Sample[]>): void;
  /**
   * The samples that are not of the device's last push and whose times the history does not have. Where the
   * look-up fails, all that are not of the last push.
   */
  lookUpNew(deviceId: string, samples: readonly Sample[]): Promise<readonly Sample[]>;
  /**
   * Runs `work`, which resolves with the samples that it stored, once all earlier work of the device has settled:
   * a resend then sees what is stored. [I6] Rejects with the ApiError `too_fast` where too much of it waits already.
   */
  runInTurn(deviceId: string, work: () => Promise<readonly Sample[]>): Promise<readonly Sample[]>;
  forget(deviceId: string): void;
}

/** The most work of one device that waits. An agent sends one push after the other. */
const MOST_WAITING = 20;
/** Most times that are kept of a device. */
const MAX_TIMES = 1000;

export function createNewSamples(parts: NewSamplesParts): NewSamples {
  const newest = new Map(parts.newest);
  /** By device: the times of the samples of its last push, and of resends of it, epoch milliseconds. */
  const lastTimes = new Map<string, Float64Array>();
  /** By device: settles when all work of the device that began so far has settled. */
  const pending = new Map<string, Promise<unknown>>();
  /** By device: how many of its pushes wait for their turn or have it. */
  const inTurns = new Map<string, number>();

  function track(deviceId: string, work: Promise<unknown>): void {
    pending.set(deviceId, work);
    const onSettled = () => {
      if (pending.get(deviceId) === work) pending.delete(deviceId);
    };
    work.then(onSettled, onSettled);
  }

  /**
   * Remembers the times of samples that the journal has now.
   * @param before times to remember beside them
   */
  function noteTimes(deviceId: string, before: Iterable<number>, samples: readonly Sample[]): void {
    if (samples.length === 0 || !newest.has(deviceId)) return;
    const times = [...before, ...samples.map(({ t }) => t)];
    lastTimes.set(deviceId, Float64Array.from(times.slice(-MAX_TIMES)));
  }

  return {
    claimIfAllNewer(deviceId, samples) {
      const first = samples[0];
      const last = samples.at(-1);
      if (!first || !last || first.t <= (newest.get(deviceId) ?? -Infinity)) return false;
      newest.set(deviceId, last.t);
      return true;
    },
    trackWrite(deviceId, write) {
      const earlier = pending.get(deviceId);
      // Nearly always nothing else of this device is pending.
      track(deviceId, earlier === undefined ? write : Promise.allSettled([earlier, write]));
      // The samples of a failed write come again, and are new then.
      write.then(
        (samples) => noteTimes(deviceId, [], samples),
        () => undefined,
      );
    },
    async lookUpNew(deviceId, samples) {
      const before = newest.get(deviceId) ?? -Infinity;
      const known = new Set(lastTimes.get(deviceId));
      const unknown = samples.filter(({ t }) => !known.has(t));
      const first = unknown[0];
      const last = unknown.at(-1);
      if (!first || !last) return [];
      newest.set(deviceId, Math.max(last.t, before));
      if (first.t > before) return unknown;
      try {
        const stored = new Set(await parts.storedTimes(deviceId, first.t, last.t + 1));
        return unknown.filter(({ t }) => !stored.has(t));
      } catch (error) {
        // Storing all of them is safe: the history keeps each time once. Only the reply's counts may be off.
        parts.onLookUpFailed(error);
        return unknown;
      }
    },
    runInTurn(deviceId, work) {
      const waiting = inTurns.get(deviceId) ?? 0;
      if (waiting >= MOST_WAITING) return Promise.reject(new ApiError('too_fast', { retryAfterS: 2 }));
      inTurns.set(deviceId, waiting + 1);
      const earlier = pending.get(deviceId) ?? Promise.resolve();
      const inTurn = async () => {
        try {
          const stored = await work();
          noteTimes(deviceId, lastTimes.get(deviceId) ?? [], stored);
          return stored;
        } finally {
          const left = (inTurns.get(deviceId) ?? 1) - 1;
          if (left === 0) inTurns.delete(deviceId);
          else inTurns.set(deviceId, left);
        }
      };
      const result = earlier.then(inTurn, inTurn);
      track(deviceId, result);
      return result;
    },
    forget(deviceId) {
      newest.delete(deviceId);
      lastTimes.delete(deviceId);
    },
  };
}
