/**
 * [S5] How machines join. A new device id joins with any valid enrollment key. A device id that is taken, revoked or
 * removed is an identity with a history, so a valid key alone is not enough for it:
 *
 * - A registered device joins again when it proves that it is that device: by its valid token in the Authorization
 *   header, or, when the reply to its registration was lost, by the same key and the same `join_secret`.
 * - Any device joins again with a key that an administrator made for it. This is the only way back for a device whose
 *   token was revoked.
 * - A removed device joins again, as a new one, with a key that was made after the removal.
 * - [F4] The key of a separation makes a new device, and only for who shows the token of the device that it is
 *   separated from.
 */
import { randomUUID } from 'node:crypto';
import type { RegisterRequest } from '#protocol/api.ts';
import { ApiError, type ErrorCode } from '#protocol/errors.ts';
import type { Collection } from '../state/collection.ts';
import type { DeviceRecord, EnrollmentKeyRecord, RemovedDeviceRecord } from '../state/records.ts';
import type { Audit, NewEntry } from './audit.ts';
import type { DeviceTokens, UnissuedRecord } from './device-tokens.ts';
import type { EnrollmentKeys } from './enrollment-keys.ts';
import { createLimit } from './limit.ts';
import { secretHash } from './secrets.ts';

/** Wrong keys per minute from one network. */
const WRONG_KEYS = 20;
/** How often per minute one device may join again. */
const REJOINS = 10;
/** Removed devices that are remembered; past it, the oldest are forgotten. */
const MAX_REMOVED = 10_000;

export interface JoiningParts {
  readonly devices: Collection<DeviceRecord>;
  readonly removed: Collection<RemovedDeviceRecord>;
  readonly keys: EnrollmentKeys;
  readonly tokens: DeviceTokens;
  readonly audit: Pick<Audit, 'record'>;
  /** The interval of a new device, in seconds. */
  readonly intervalS: number;
  readonly now: () => number;
  /** The network by which wrong keys from an address are counted. */
  readonly networkOf: (address: string) => string;
}

/** With what a machine may prove that it is a registered device. */
type Proof = Pick<RegisterRequest, 'join_secret'>;

export interface Joined {
  readonly record: DeviceRecord;
  readonly token: string;
  readonly isNew: boolean;
}

export interface Joining {
  /**
   * Registers a device and gives it a token. Rejects with ApiError: invalid_enrollment_key, device_exists,
   * device_revoked, device_removed or too_many_attempts.
   * @param from.authorization the Authorization header, '' when absent
   */
  join(
    request: RegisterRequest,
    from: { readonly address: string; readonly authorization: string },
  ): Promise<Joined>;
  /**
   * Resolves with the device id that `join` would register, and changes nothing. Rejects as `join` does, and counts
   * wrong keys with its own.
   */
  check(
    request: Pick<RegisterRequest, 'enrollment_key' | 'device_id' | 'join_secret'>,
    from: { readonly address: string; readonly authorization: string },
  ): Promise<string>;
  /** Remembers that a device was removed, so that it does not come back by itself. */
  deviceRemoved(deviceId: string): Promise<void>;
}

export function createJoining(parts: JoiningParts): Joining {
  const { devices, removed, keys, tokens, audit, intervalS, now, networkOf } = parts;
  const wrongKeys = createLimit(
    WRONG_KEYS,
    'Too many wrong enrollment keys came from this network. Wait, then try again.',
  );
  const rejoins = createLimit(REJOINS, 'This device joins again too often. Wait, then try again.');

  /** Why the id may not be had with this key; undefined when it may. */
  function refusal(
    id: string,
    key: EnrollmentKeyRecord,
    authorization: string,
    isProved: boolean,
  ): ErrorCode | undefined {
    const from = key.separated_from;
    if (from !== undefined && !tokens.isTokenOf(authorization, from)) return 'invalid_token';
    if (from === id) return 'device_exists';
    if (isProved || key.device_id === id) return undefined;
    const existing = devices.get(id);
    if (existing) return existing.token_hash === null ? 'device_revoked' : 'device_exists';
    const gone = removed.get(id);
    return gone && key.created_at <= gone.removed_at ? 'device_removed' : undefined;
  }

  /** The device's record as its registration says; what people and pushes have added to it stays. */
  function recordOf(id: string, request: RegisterRequest, key: EnrollmentKeyRecord): UnissuedRecord {
    const existing = devices.get(id);
    return {
      id,
      name: request.name ?? existing?.name ?? null,
      hostname: request.hostname,
      ip: request.ip,
      os: request.os,
      tags: [...new Set([...(existing?.tags ?? []), ...key.tags, ...(request.tags ?? [])])].slice(0, 20),
      inventory: request.inventory ?? existing?.inventory ?? {},
      registered_at: existing?.registered_at ?? now(),
      enrolled_with: key.id,
      join_secret_hash: request.join_secret === undefined ? undefined : secretHash(request.join_secret),
      interval_s: intervalS,
      last_seen: existing?.last_seen ?? null,
      clock_skew_ms: null,
      dropped: existing?.dropped ?? 0,
    };
  }

  /** Whether the machine that had registered the device with this key registers it once more. */
  function isRetry(id: string, { join_secret }: Proof, key: EnrollmentKeyRecord): boolean {
    const existing = devices.get(id);
    return (
      existing?.enrolled_with === key.id &&
      join_secret !== undefined &&
      existing.join_secret_hash === secretHash(join_secret)
    );
  }

  /** Whether the machine proves that it is the registered device. */
  function isSameMachine(
    id: string,
    request: Proof,
    key: EnrollmentKeyRecord,
    authorization: string,
  ): boolean {
    return isRetry(id, request, key) || tokens.isTokenOf(authorization, id);
  }

  /** [S4] Past the limit of wrong keys from its network, a refusal is not written down either. */
  async function refuseKey(
    address: string,
    { action, target }: Pick<NewEntry, 'action' | 'target'>,
  ): Promise<never> {
    await wrongKeys.count(networkOf(address));
    audit.record({ by: 'stranger', actor: 'stranger', address, action, target });
    throw new ApiError('invalid_enrollment_key');
  }

  /** The record of a key that is known and has not expired. Rejects with an ApiError where there is none. */
  async function requireKey(secret: string, address: string): Promise<EnrollmentKeyRecord> {
    const key = keys.find(secret);
    if (!key)
      return refuseKey(address, { action: 'joining refused with', target: 'an unknown enrollment key' });
    if (!keys.hasExpired(key)) return key;
    return refuseKey(address, {
      action: 'joining refused with the expired enrollment key',
      target: key.name,
    });
  }

  /** The id that a registration is about; undefined: a new one. */
  function idFor(request: Pick<RegisterRequest, 'device_id'>, key: EnrollmentKeyRecord): string | undefined {
    // A key that was made for a device gives its id also to a machine that was installed anew.
    return key.device_id ?? request.device_id;
  }

  const refuseSpent = (key: EnrollmentKeyRecord, address: string) =>
    refuseKey(address, { action: 'joining refused with the spent enrollment key', target: key.name });

  return {
    async check(request, { address, authorization }) {
      const key = await requireKey(request.enrollment_key, address);
      const id = idFor(request, key) ?? randomUUID();
      if (!isRetry(id, request, key) && !keys.hasUsesLeft(key)) return refuseSpent(key, address);
      const code = refusal(id, key, authorization, isSameMachine(id, request, key, authorization));
      if (code !== undefined) throw new ApiError(code);
      return id;
    },
    async join(request, { address, authorization }) {
      const key = await requireKey(request.enrollment_key, address);
      const id = idFor(request, key) ?? randomUUID();
      if (isSameMachine(id, request, key, authorization)) await rejoins.count(id);
      // Nothing is awaited between these checks and the changes: of two registrations at once, the second one
      // finds the device of the first.
      const retry = isRetry(id, request, key);
      if (!retry && !keys.hasUsesLeft(key)) return refuseSpent(key, address);
      const code = refusal(id, key, authorization, isSameMachine(id, request, key, authorization));
      if (code !== undefined) throw new ApiError(code);
      const isNew = devices.get(id) === undefined;
      const [{ record, token }] = await Promise.all([
        tokens.issue(recordOf(id, request, key)),
        retry ? undefined : keys.countUse(key),
        removed.remove(id),
      ]);
      return { record, token, isNew };
    },
    async deviceRemoved(deviceId) {
      const oldest = removed.all()[0];
      if (oldest && removed.all().length >= MAX_REMOVED) await removed.remove(oldest.id);
      await removed.put({ id: deviceId, removed_at: now() });
    },
  };
}
