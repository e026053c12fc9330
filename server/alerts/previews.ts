/** Lets few previews of rules run at a time, one for each person: while somebody types, only the newest is wanted. */
import { ApiError } from '#protocol/errors.ts';

/** More at a time would keep the history from charts. */
const MOST_AT_A_TIME = 3;

export interface Previews {
  /**
   * Runs `job`, which calls `goOn` between its slices of work. It throws where the person has asked for another preview
   * meanwhile, or has gone.
   * @throws ApiError overloaded where too many run
   */
  run<T>(who: string, isGone: () => boolean, job: (goOn: () => void) => Promise<T>): Promise<T>;
  /** Ends all at their next slice, so that the server can stop. */
  stop(): void;
}

export function createPreviews(): Previews {
  /** By person: the newest preview. */
  const newest = new Map<string, object>();
  let running = 0;
  let stopped = false;

  return {
    async run(who, isGone, job) {
      if (running >= MOST_AT_A_TIME && !newest.has(who))
        throw new ApiError('overloaded', {
          message: 'Others look at previews of rules right now.',
          retryAfterS: 2,
        });
      const own = {};
      newest.set(who, own);
      running++;
      try {
        return await job(() => {
          if (stopped) throw new ApiError('stopping', { retryAfterS: 2 });
          if (isGone() || newest.get(who) !== own)
            throw new ApiError('overloaded', { message: 'A newer preview has taken the place of this one.' });
        });
      } finally {
        running--;
        if (newest.get(who) === own) newest.delete(who);
      }
    },
    stop() {
      stopped = true;
    },
  };
}
