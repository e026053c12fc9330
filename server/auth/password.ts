/**
 * [S2] Hashes passwords with argon2id, one at a time, so that a flood of sign-ins cannot use up the machine.
 */
import { randomBytes } from 'node:crypto';
import argon2 from 'argon2';
import { ApiError } from '#protocol/errors.ts';

/** `memoryCost` is in KiB. */
const COST = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
/** [I6] Passwords that may wait to be hashed or verified; further ones are refused. */
const MAX_WAITING = 32;

export interface Passwords {
  /** Returns the argon2id hash, which includes its salt. Rejects with ApiError overloaded. */
  hash(password: string): Promise<string>;
  /**
   * Whether the password belongs to the hash. For an unknown user, `hash` is undefined: the answer is false
   * after the usual time, which does not reveal that there is no such user. Rejects with ApiError overloaded.
   */
  verify(hash: string | undefined, password: string): Promise<boolean>;
}

export function createPasswords(): Passwords {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  let placeholderHash: Promise<string> | undefined;

  /** Runs `work` after all earlier work has ended; each hash takes a core for tens of milliseconds. */
  function runInTurn<T>(work: () => Promise<T>): Promise<T> {
    if (waiting >= MAX_WAITING) return Promise.reject(new ApiError('overloaded', { retryAfterS: 5 }));
    waiting++;
    const done = last.then(work).finally(() => waiting--);
    last = done.catch(() => undefined);
    return done;
  }

  return {
    hash: (password) => runInTurn(() => argon2.hash(password, COST)),
    async verify(hash, password) {
      placeholderHash ??= argon2.hash(randomBytes(16), COST);
      const against = hash ?? (await placeholderHash);
      const matches = await runInTurn(() => argon2.verify(against, password));
      return hash !== undefined && matches;
    },
  };
}

/**
 * A random password of four groups of five characters, without look-alikes such as `l` and `1`; about 116
 * bits.
 */
export function generatePassword(): string {
  const letters = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
  const pick = () => {
    // 224 is 4 times the 56 letters; bytes from 224 up would make the first letters more likely.
    for (;;) {
      const byte = randomBytes(1)[0] ?? 255;
      if (byte < 224) return letters.charAt(byte % letters.length);
    }
  };
  const group = () => Array.from({ length: 5 }, pick).join('');
  return [group(), group(), group(), group()].join('-');
}
