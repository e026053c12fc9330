/** Counts attempts by a key, such as an address, and refuses the key that made too many in a minute. */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { ApiError } from '#protocol/errors.ts';

export interface Limit {
  /** Counts an attempt. Rejects with ApiError too_many_attempts. */
  count(key: string): Promise<void>;
  /** Takes one attempt back. */
  takeBack(key: string): Promise<void>;
  /** Forgets all attempts of the key. */
  forget(key: string): Promise<void>;
}

/** @param message what the refused person or machine reads */
export function createLimit(perMinute: number, message?: string): Limit {
  const limiter = new RateLimiterMemory({ points: perMinute, duration: 60 });
  return {
    async count(key) {
      try {
        await limiter.consume(key);
      } catch (refused) {
        if (!(refused instanceof RateLimiterRes)) throw refused;
        throw new ApiError('too_many_attempts', {
          retryAfterS: refused.msBeforeNext / 1000,
          ...(message === undefined ? {} : { message }),
        });
      }
    },
    async takeBack(key) {
      await limiter.reward(key, 1);
    },
    async forget(key) {
      await limiter.delete(key);
    },
  };
}
