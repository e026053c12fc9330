/**
 * [S5] How many bytes of snapshots each session may ask for, over all of its connections. What is past it is not
 * answered: the page asks again after a while, as it does when an answer is lost.
 */
import { Allowance } from './allowance.ts';

/** Four pages that open a fleet of 10,000 devices (9 MB) at once are within it; sending them takes about 0.1 s. */
const SNAPSHOT_BYTES = { perSecond: 4 * 1024 * 1024, burst: 36 * 1024 * 1024 };

export interface Rations {
  /** To be asked for at each use: a sweep may have forgotten the one of an earlier use. */
  of(sessionId: string): Allowance;
  /** Forgets the sessions that have their whole ration; to be called every second or so. */
  sweep(): void;
}

/** `now`: epoch milliseconds. */
export function createRations(now: () => number): Rations {
  const rations = new Map<string, Allowance>();
  return {
    of(sessionId) {
      let ration = rations.get(sessionId);
      if (ration === undefined) rations.set(sessionId, (ration = new Allowance(SNAPSHOT_BYTES, now)));
      return ration;
    },
    sweep() {
      for (const [sessionId, ration] of rations) if (ration.isFull()) rations.delete(sessionId);
    },
  };
}
