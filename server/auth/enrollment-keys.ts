/** Enrollment keys: what lets a new machine register. Only hashes are kept. */
import { randomUUID } from 'node:crypto';
import { ApiError } from '#protocol/errors.ts';
import type { Collection } from '../state/collection.ts';
import type { EnrollmentKeyRecord } from '../state/records.ts';
import { newSecret, secretHash } from './secrets.ts';

export interface NewKey {
  readonly name: string;
  readonly created_by: string;
  readonly expires_at: number | null;
  readonly max_uses: number | null;
  readonly tags: string[];
}

export interface EnrollmentKeys {
  create(key: NewKey): Promise<{ record: EnrollmentKeyRecord; secret: string }>;
  /** The record of a key that may be used now. @throws ApiError invalid_enrollment_key */
  check(secret: string, options?: { readonly again: boolean }): EnrollmentKeyRecord;
  used(record: EnrollmentKeyRecord): Promise<void>;
  /** The secret of a key for the agent that `npm start` starts: there is one at a time, good once, for ten minutes. */
  createForThisMachine(): Promise<string>;
}

const THIS_MACHINE = 'This machine (npm start)';
const TEN_MINUTES = 600_000;

export function createEnrollmentKeys(
  keys: Collection<EnrollmentKeyRecord>,
  now: () => number,
): EnrollmentKeys {
  async function create(key: NewKey) {
    const secret = newSecret('key');
    const record = { ...key, id: randomUUID(), key_hash: secretHash(secret), created_at: now(), uses: 0 };
    await keys.put(record);
    return { record, secret };
  }

  return {
    create,
    check(secret, { again } = { again: false }) {
      const hash = secretHash(secret);
      const record = keys.all().find(({ key_hash }) => key_hash === hash);
      if (!record || (record.expires_at !== null && record.expires_at <= now()))
        throw new ApiError('invalid_enrollment_key');
      if (!again && record.max_uses !== null && record.uses >= record.max_uses)
        throw new ApiError('invalid_enrollment_key');
      return record;
    },
    async used(record) {
      const current = keys.get(record.id);
      if (current) await keys.put({ ...current, uses: current.uses + 1 });
    },
    async createForThisMachine() {
      const before = keys.all().filter(({ name }) => name === THIS_MACHINE);
      await Promise.all(before.map(({ id }) => keys.remove(id)));
      const { secret } = await create({
        name: THIS_MACHINE,
        created_by: 'server',
        expires_at: now() + TEN_MINUTES,
        max_uses: 1,
        tags: [],
      });
      return secret;
    },
  };
}
