/** [S2] Passwords: argon2id, a few at a time, so that a flood of sign-ins cannot take the machine. */
import { randomBytes } from 'node:crypto';
import argon2 from 'argon2';
import { ApiError } from '#protocol/errors.ts';

const COST = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
const MOST_WAITING = 32;

export interface Passwords {
  hash(password: string): Promise<string>;
  /** Without a hash (no such user) it takes as long and says no. */
  verify(hash: string | undefined, password: string): Promise<boolean>;
}

export function createPasswords(): Passwords {
  let waiting = 0;
  let turn: Promise<unknown> = Promise.resolve();
  let nobody: Promise<string> | undefined;

  /** One after another: each takes a core for tens of milliseconds. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (waiting >= MOST_WAITING) return Promise.reject(new ApiError('overloaded', { retryAfterS: 5 }));
    waiting++;
    const done = turn.then(work).finally(() => waiting--);
    turn = done.catch(() => undefined);
    return done;
  }

  return {
    hash: (password) => inTurn(() => argon2.hash(password, COST)),
    async verify(hash, password) {
      nobody ??= argon2.hash(randomBytes(16), COST);
      const against = hash ?? (await nobody);
      const matches = await inTurn(() => argon2.verify(against, password));
      return hash !== undefined && matches;
    },
  };
}

/** Twenty characters people can copy: no look-alikes, about 113 bits. */
export function generatePassword(): string {
  const letters = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
  const pick = () => {
    // Bytes past the last whole multiple would favour the first letters.
    for (;;) {
      const byte = randomBytes(1)[0] ?? 255;
      if (byte < 224) return letters.charAt(byte % letters.length);
    }
  };
  const group = () => Array.from({ length: 5 }, pick).join('');
  return [group(), group(), group(), group()].join('-');
}
