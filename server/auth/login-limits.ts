/**
 * [S2] How often one may try to sign in. Wrong passwords are counted per account and address together, so a
 * stranger's guesses do not lock the owner out, and per address over all accounts.
 */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { ApiError } from '#protocol/errors.ts';

export interface LoginLimits {
  /** @throws ApiError too_many_attempts. Counts the attempt. */
  attempt(username: string, address: string): Promise<void>;
  succeeded(username: string, address: string): Promise<void>;
}

export function createLoginLimits(): LoginLimits {
  const perAccount = new RateLimiterMemory({ keyPrefix: 'account', points: 5, duration: 60 });
  const perAddress = new RateLimiterMemory({ keyPrefix: 'address', points: 30, duration: 60 });
  const account = (username: string, address: string) => `${address} ${username}`;

  async function take(limiter: RateLimiterMemory, key: string): Promise<void> {
    try {
      await limiter.consume(key);
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      throw new ApiError('too_many_attempts', { retryAfterS: refused.msBeforeNext / 1000 });
    }
  }

  return {
    async attempt(username, address) {
      await take(perAddress, address);
      await take(perAccount, account(username, address));
    },
    async succeeded(username, address) {
      await perAccount.delete(account(username, address));
      await perAddress.reward(address, 1);
    },
  };
}
