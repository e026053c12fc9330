/** [I3] Device tokens: hash → device, in memory for the push path, kept in the device's record. */
import { ApiError } from '#protocol/errors.ts';
import type { Collection } from '../state/collection.ts';
import type { DeviceRecord } from '../state/records.ts';
import { newSecret, secretHash } from './secrets.ts';

export interface DeviceTokens {
  /** The device of an Authorization header. @throws ApiError invalid_token */
  authenticate(authorization: string): string;
  /** A new token in place of the old, which stops working at once. */
  issue(deviceId: string): Promise<string>;
  revoke(deviceId: string): Promise<void>;
  /** The device is gone; so is its token. */
  forget(deviceId: string): void;
}

const SCHEME = 'Bearer ';

export function createDeviceTokens(devices: Collection<DeviceRecord>, now: () => number): DeviceTokens {
  const byHash = new Map<string, string>();
  for (const { id, token_hash } of devices.all()) if (token_hash !== null) byHash.set(token_hash, id);

  function forget(deviceId: string): void {
    const hash = devices.get(deviceId)?.token_hash;
    if (hash !== undefined && hash !== null) byHash.delete(hash);
  }

  function known(deviceId: string): DeviceRecord {
    const record = devices.get(deviceId);
    if (!record) throw new ApiError('unknown_device');
    return record;
  }

  return {
    authenticate(authorization) {
      const deviceId = authorization.startsWith(SCHEME)
        ? byHash.get(secretHash(authorization.slice(SCHEME.length)))
        : undefined;
      if (deviceId === undefined) throw new ApiError('invalid_token');
      return deviceId;
    },
    async issue(deviceId) {
      const record = known(deviceId);
      const token = newSecret('device');
      const hash = secretHash(token);
      forget(deviceId);
      byHash.set(hash, deviceId);
      await devices.put({ ...record, token_hash: hash, token_issued_at: now(), token_revoked_at: null });
      return token;
    },
    async revoke(deviceId) {
      const record = known(deviceId);
      forget(deviceId);
      await devices.put({ ...record, token_hash: null, token_revoked_at: now() });
    },
    forget,
  };
}
