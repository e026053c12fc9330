/** [S2] Hashes passwords with argon2id, in turns, so that a flood of sign-ins cannot use up the machine. */
import { randomBytes } from 'node:crypto';
import argon2 from 'argon2';
import { createTurns, type Place } from './turns.ts';

/** `memoryCost` is in KiB. */
const COST = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
/** The turn of a password that a signed-in person sets. */
const SIGNED_IN: Place = { known: true, network: '' };

export interface Passwords {
  /** Returns the argon2id hash, which includes its salt. Rejects with ApiError overloaded. */
  hash(password: string): Promise<string>;
  /**
   * Whether the password belongs to the hash. For an unknown user, `hash` is undefined: the answer is false
   * after the usual time, which does not reveal that there is no such user. Rejects with ApiError overloaded.
   */
  verify(hash: string | undefined, password: string, place: Place): Promise<boolean>;
}

export function createPasswords(): Passwords {
  const turns = createTurns();
  let placeholderHash: Promise<string> | undefined;

  return {
    hash: (password) => turns.take(SIGNED_IN, () => argon2.hash(password, COST)),
    async verify(hash, password, place) {
      placeholderHash ??= argon2.hash(randomBytes(16), COST);
      const against = hash ?? (await placeholderHash);
      const matches = await turns.take(place, () => argon2.verify(against, password));
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
