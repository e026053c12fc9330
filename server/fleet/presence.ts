/**
 * [F1] When a device counts as online: a pure reading of its last push, its interval and the grace after a start.
 */
import type { DeviceStatus } from '#protocol/api.ts';
import { onlineWindowMs } from '#protocol/gaps.ts';

/**
 * The time at which an online device goes offline. `graceFrom`: when the server began to listen (or woke up);
 * silence before that is not the device's.
 */
export function deadline(lastSeen: number, intervalS: number, graceFrom: number): number {
  return Math.max(lastSeen, graceFrom) + onlineWindowMs(intervalS);
}

/**
 * [F2] The status a device had when the server stopped. When that was is told by the fleet itself: by its newest
 * push. A device whose own last push was within one window of it was online.
 */
export function statusAtStop(
  lastSeen: number | null,
  intervalS: number,
  fleetLastSeen: number | null,
): DeviceStatus {
  if (lastSeen === null || fleetLastSeen === null) return 'offline';
  return fleetLastSeen - lastSeen < onlineWindowMs(intervalS) ? 'online' : 'offline';
}
