/**
 * [I3] Device tokens. The device's record holds a token's hash; a map from hash to device serves each push.
 */
import { ApiError } from '#protocol/errors.ts';
import type { Collection } from '../state/collection.ts';
import type { DeviceRecord } from '../state/records.ts';
import { newSecret, secretHash } from './secrets.ts';

/** A device's record without the facts about its token. */
export type UnissuedRecord = Omit<DeviceRecord, 'token_hash' | 'token_issued_at' | 'token_revoked_at'>;

export interface DeviceTokens {
  /** The id of the device that an Authorization header belongs to. @throws ApiError invalid_token */
  authenticate(authorization: string): string;
  /** Whether an Authorization header holds the valid token of this device. */
  isTokenOf(authorization: string, deviceId: string): boolean;
  /** Stores the device's record with a new token; the old one stops working at once. */
  issue(device: UnissuedRecord): Promise<{ readonly record: DeviceRecord; readonly token: string }>;
  /** Ends the device's token at once. Rejects with unknown_device. */
  revoke(deviceId: string): Promise<void>;
}

const SCHEME = 'bearer ';

export function createDeviceTokens(devices: Collection<DeviceRecord>, now: () => number): DeviceTokens {
  const byHash = new Map<string, string>();
  for (const { id, token_hash } of devices.all()) if (token_hash !== null) byHash.set(token_hash, id);

  function forget(hash: string | null | undefined): void {
    if (hash !== undefined && hash !== null) byHash.delete(hash);
  }

  function requireDevice(deviceId: string): DeviceRecord {
    const record = devices.get(deviceId);
    if (!record) throw new ApiError('unknown_device');
    return record;
  }

  function deviceOf(authorization: string): string | undefined {
    // The name of the scheme may be written in small or capital letters (RFC 9110).
    if (authorization.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return undefined;
    const hash = secretHash(authorization.slice(SCHEME.length));
    const deviceId = byHash.get(hash);
    // The record decides: a change of it that could not be saved is undone there.
    return deviceId !== undefined && devices.get(deviceId)?.token_hash === hash ? deviceId : undefined;
  }

  return {
    authenticate(authorization) {
      const deviceId = deviceOf(authorization);
      if (deviceId === undefined) throw new ApiError('invalid_token');
      return deviceId;
    },
    isTokenOf: (authorization, deviceId) => deviceOf(authorization) === deviceId,
    async issue(device) {
      const token = newSecret('device');
      const token_hash = secretHash(token);
      const before = devices.get(device.id)?.token_hash;
      const record = { ...device, token_hash, token_issued_at: now(), token_revoked_at: null };
      await devices.put(record);
      byHash.set(token_hash, device.id);
      forget(before);
      return { record, token };
    },
    async revoke(deviceId) {
      const record = requireDevice(deviceId);
      await devices.put({
        ...record,
        join_secret_hash: undefined,
        token_hash: null,
        token_revoked_at: now(),
      });
      forget(record.token_hash);
    },
  };
}
