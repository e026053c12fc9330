/**
 * [F1] When a device counts as online: a pure reading of its last push, its interval and the grace after a start.
 */
import type { DeviceStatus } from '#protocol/api.ts';

/** A window is never shorter, so that a device which changes its pace does not flap. */
const LEAST_WINDOW_MS = 15_000;

/** Milliseconds without a push after which a device is offline. */
export function onlineWindow(intervalS: number): number {
  return Math.max(3 * intervalS * 1000, LEAST_WINDOW_MS);
}

/**
 * The time at which an online device goes offline. `graceFrom`: when the server began to listen (or woke up);
 * silence before that is not the device's.
 */
export function deadline(lastSeen: number, intervalS: number, graceFrom: number): number {
  return Math.max(lastSeen, graceFrom) + onlineWindow(intervalS);
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
  return fleetLastSeen - lastSeen < onlineWindow(intervalS) ? 'online' : 'offline';
}
