/** Enrollment keys, with which new machines register. The server stores only their hashes. */
import { randomUUID } from 'node:crypto';
import type { Collection } from '../state/collection.ts';
import type { EnrollmentKeyRecord } from '../state/records.ts';
import { newSecret, secretHash } from './secrets.ts';

export interface NewKey {
  readonly name: string;
  readonly created_by: string;
  /** Epoch milliseconds; null: never. */
  readonly expires_at: number | null;
  /** null: any number. */
  readonly max_uses: number | null;
  readonly tags: string[];
  /** The only device that may join with it; undefined: any new one. */
  readonly device_id: string | undefined;
  /** [F4] The device that the agent leaves: it must show that device's token with the key, and joins as a new device. */
  readonly separated_from?: string | undefined;
}

export interface EnrollmentKeys {
  /** Makes a key. `secret` is the key itself, which is not stored. */
  create(key: NewKey): Promise<{ record: EnrollmentKeyRecord; secret: string }>;
  /** The record of a key that is known, whether or not it has expired and has uses left. */
  find(secret: string): EnrollmentKeyRecord | undefined;
  hasExpired(record: EnrollmentKeyRecord): boolean;
  /** Whether the key exists and was used less often than it may be. */
  hasUsesLeft(record: EnrollmentKeyRecord): boolean;
  /** Adds one to the number of uses. */
  countUse(record: EnrollmentKeyRecord): Promise<void>;
  /**
   * Makes a key for the agent that `npm start` starts, valid once, for ten minutes; removes any earlier such
   * key.
   */
  createForThisMachine(): string;
}

const THIS_MACHINE = 'This machine (npm start)';
const TEN_MINUTES_MS = 600_000;

export function createEnrollmentKeys(
  keys: Collection<EnrollmentKeyRecord>,
  now: () => number,
): EnrollmentKeys {
  function make(key: NewKey) {
    const secret = newSecret('key');
    const record = { ...key, id: randomUUID(), key_hash: secretHash(secret), created_at: now(), uses: 0 };
    return { record, secret };
  }

  return {
    async create(key) {
      const made = make(key);
      await keys.put(made.record);
      return made;
    },
    find(secret) {
      const hash = secretHash(secret);
      return keys.all().find(({ key_hash }) => key_hash === hash);
    },
    hasExpired: ({ expires_at }) => expires_at !== null && expires_at <= now(),
    hasUsesLeft({ id }) {
      const current = keys.get(id);
      return current !== undefined && (current.max_uses === null || current.uses < current.max_uses);
    },
    async countUse(record) {
      const current = keys.get(record.id);
      if (current) await keys.put({ ...current, uses: current.uses + 1 });
    },
    createForThisMachine() {
      for (const { id, name } of keys.all()) if (name === THIS_MACHINE) keys.drop(id);
      const { record, secret } = make({
        name: THIS_MACHINE,
        created_by: 'server',
        expires_at: now() + TEN_MINUTES_MS,
        max_uses: 1,
        tags: [],
        device_id: undefined,
      });
      keys.keep(record);
      return secret;
    },
  };
}
