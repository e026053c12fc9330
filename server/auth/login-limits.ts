/**
 * [S2] Limits of sign-in attempts per minute: 5 per account and address together, so that a stranger's
 * guesses do not lock the owner out, and 30 per address over all accounts. A successful sign-in is not
 * counted.
 */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { ApiError } from '#protocol/errors.ts';

export interface LoginLimits {
  /** Counts an attempt. Rejects with ApiError too_many_attempts. */
  attempt(username: string, address: string): Promise<void>;
  /**
   * Takes back the count of the attempt, and of earlier wrong passwords for this account from this address.
   */
  succeeded(username: string, address: string): Promise<void>;
}

export function createLoginLimits(): LoginLimits {
  const perAccount = new RateLimiterMemory({ keyPrefix: 'account', points: 5, duration: 60 });
  const perAddress = new RateLimiterMemory({ keyPrefix: 'address', points: 30, duration: 60 });
  const accountKey = (username: string, address: string) => `${address} ${username}`;

  async function countAttempt(limiter: RateLimiterMemory, key: string): Promise<void> {
    try {
      await limiter.consume(key);
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      throw new ApiError('too_many_attempts', { retryAfterS: refused.msBeforeNext / 1000 });
    }
  }

  return {
    async attempt(username, address) {
      await countAttempt(perAddress, address);
      await countAttempt(perAccount, accountKey(username, address));
    },
    async succeeded(username, address) {
      await perAccount.delete(accountKey(username, address));
      await perAddress.reward(address, 1);
    },
  };
}
