/**
 * [I2] Which samples of a push are new. Nearly always all are newer than the device's newest, which is all that is
 * kept here. The others (a resend, a spool) are looked up in the history, one push of a device after another.
 */
import type { Sample } from '#protocol/sample.ts';

export interface NewSamplesParts {
  /** The newest stored time of each device at the start. */
  readonly newest: ReadonlyMap<string, number>;
  /** Stored times in [from, to), all that was acknowledged included. */
  readonly stored: (deviceId: string, from: number, to: number) => Promise<readonly number[]>;
  readonly warn: (error: unknown) => void;
}

/** `samples` are ascending. What `allNewer` does not take goes through `lookUp`, which asks the history. */
export interface NewSamples {
  /** All newer than any before: takes them as new and answers true. Its storing is to be told by `storing`. */
  allNewer(deviceId: string, samples: readonly Sample[]): boolean;
  /** What comes later for this device waits until this has settled. */
  storing(deviceId: string, stored: Promise<unknown>): void;
  lookUp(deviceId: string, samples: readonly Sample[]): Promise<readonly Sample[]>;
  /** Runs one such push after the other for a device, so that a resend sees what the first one stored. */
  inTurn<T>(deviceId: string, work: () => Promise<T>): Promise<T>;
  forget(deviceId: string): void;
}

export function createNewSamples({ newest: start, stored, warn }: NewSamplesParts): NewSamples {
  const newest = new Map(start);
  const turns = new Map<string, Promise<unknown>>();

  function track(deviceId: string, work: Promise<unknown>): void {
    turns.set(deviceId, work);
    const settled = () => {
      if (turns.get(deviceId) === work) turns.delete(deviceId);
    };
    work.then(settled, settled);
  }

  return {
    allNewer(deviceId, samples) {
      const [first, last] = [samples[0], samples.at(-1)];
      if (!first || !last || first.t <= (newest.get(deviceId) ?? -Infinity)) return false;
      newest.set(deviceId, last.t);
      return true;
    },
    storing(deviceId, stored) {
      const before = turns.get(deviceId);
      // Nearly always nothing else of this device is under way.
      track(deviceId, before === undefined ? stored : Promise.allSettled([before, stored]));
    },
    async lookUp(deviceId, samples) {
      const [first, last] = [samples[0], samples.at(-1)];
      if (!first || !last) return [];
      newest.set(deviceId, Math.max(last.t, newest.get(deviceId) ?? -Infinity));
      try {
        const known = new Set(await stored(deviceId, first.t, last.t + 1));
        return samples.filter(({ t }) => !known.has(t));
      } catch (error) {
        // The history stores each time once; only the count in the answer may be off.
        warn(error);
        return samples;
      }
    },
    inTurn(deviceId, work) {
      const before = turns.get(deviceId) ?? Promise.resolve();
      const done = before.then(work, work);
      track(deviceId, done);
      return done;
    },
    forget: (deviceId) => newest.delete(deviceId),
  };
}
