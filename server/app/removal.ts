/** Removing a device: its token at once, then its record, what every part knows of it, and its history. */
import { errorText } from '#protocol/errors.ts';
import type { History } from '../history/history.ts';
import type { Collection } from '../state/collection.ts';
import type { DeviceRecord } from '../state/records.ts';

export interface RemovalParts {
  /** Ends what it could still do, before anything is awaited. */
  readonly before: (deviceId: string) => void;
  readonly devices: Pick<Collection<DeviceRecord>, 'remove'>;
  /** What forgets it, in this order. */
  readonly parts: readonly ((deviceId: string) => void)[];
  readonly history: Pick<History, 'remove'>;
  readonly notice: (text: string) => void;
}

export function createRemoval({ before, devices, parts, history, notice }: RemovalParts) {
  return async function remove(deviceId: string): Promise<void> {
    before(deviceId);
    await devices.remove(deviceId);
    for (const forget of parts) forget(deviceId);
    try {
      await history.remove(deviceId);
    } catch (error) {
      const why = errorText(error);
      notice(`The history of the removed device ${deviceId} could not be deleted: ${why}`);
    }
  };
}
