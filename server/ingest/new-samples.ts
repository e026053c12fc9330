/**
 * [I2] Finds out which samples of a push are new. Nearly always all samples of a push are newer than the
 * newest one of their device, so that only the newest time of each device is kept in memory. Older samples
 * (of a resend, or from an agent's spool) are looked up in the history, one push of a device after another.
 */
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
  /** Makes later look-ups for this device wait until `write` has settled. */
  trackWrite(deviceId: string, write: Promise<unknown>): void;
  /** The samples whose times the history does not have; all samples when the look-up fails. */
  lookUpNew(deviceId: string, samples: readonly Sample[]): Promise<readonly Sample[]>;
  /** Runs `work` once all earlier work of the device has settled, so that a resend sees what is stored. */
  runInTurn<T>(deviceId: string, work: () => Promise<T>): Promise<T>;
  forget(deviceId: string): void;
}

export function createNewSamples(parts: NewSamplesParts): NewSamples {
  const newest = new Map(parts.newest);
  /** By device: settles when all work of the device that began so far has settled. */
  const pending = new Map<string, Promise<unknown>>();

  function track(deviceId: string, work: Promise<unknown>): void {
    pending.set(deviceId, work);
    const onSettled = () => {
      if (pending.get(deviceId) === work) pending.delete(deviceId);
    };
    work.then(onSettled, onSettled);
  }

  return {
    claimIfAllNewer(deviceId, samples) {
      const [first, last] = [samples[0], samples.at(-1)];
      if (!first || !last || first.t <= (newest.get(deviceId) ?? -Infinity)) return false;
      newest.set(deviceId, last.t);
      return true;
    },
    trackWrite(deviceId, write) {
      const earlier = pending.get(deviceId);
      // Nearly always nothing else of this device is pending.
      track(deviceId, earlier === undefined ? write : Promise.allSettled([earlier, write]));
    },
    async lookUpNew(deviceId, samples) {
      const [first, last] = [samples[0], samples.at(-1)];
      if (!first || !last) return [];
      newest.set(deviceId, Math.max(last.t, newest.get(deviceId) ?? -Infinity));
      try {
        const stored = new Set(await parts.storedTimes(deviceId, first.t, last.t + 1));
        return samples.filter(({ t }) => !stored.has(t));
      } catch (error) {
        // Storing all samples is safe: the history keeps each time once. Only the reply's counts may be off.
        parts.onLookUpFailed(error);
        return samples;
      }
    },
    runInTurn(deviceId, work) {
      const earlier = pending.get(deviceId) ?? Promise.resolve();
      const result = earlier.then(work, work);
      track(deviceId, result);
      return result;
    },
    forget: (deviceId) => newest.delete(deviceId),
  };
}
