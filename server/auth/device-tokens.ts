/**
 * [I3] Device tokens. The device's record holds a token's hash; a map from hash to device serves each push.
 */
import { ApiError } from '#protocol/errors.ts';
import type { Collection } from '../state/collection.ts';
import type { DeviceRecord } from '../state/records.ts';
import { newSecret, secretHash } from './secrets.ts';

export interface DeviceTokens {
  /** The id of the device that an Authorization header belongs to. @throws ApiError invalid_token */
  authenticate(authorization: string): string;
  /**
   * Gives the device a new token and returns it; the old one stops working at once. Rejects with
   * unknown_device.
   */
  issue(deviceId: string): Promise<string>;
  /** Ends the device's token at once. Rejects with unknown_device. */
  revoke(deviceId: string): Promise<void>;
  /** Ends the device's token in memory only, for a device whose record is removed or replaced. */
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

  function requireDevice(deviceId: string): DeviceRecord {
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
      const record = requireDevice(deviceId);
      const token = newSecret('device');
      const hash = secretHash(token);
      forget(deviceId);
      byHash.set(hash, deviceId);
      await devices.put({ ...record, token_hash: hash, token_issued_at: now(), token_revoked_at: null });
      return token;
    },
    async revoke(deviceId) {
      const record = requireDevice(deviceId);
      forget(deviceId);
      await devices.put({ ...record, token_hash: null, token_revoked_at: now() });
    },
    forget,
  };
}
