/** Whether numbers may be shown as live [L4]. */
import type { DeviceStatus } from '#protocol/api.ts';
import type { LinkState } from '../live/link.ts';

/** As F1 counts: a device is online while its last push is younger than this. Milliseconds. */
export function onlineWindow(intervalS: number): number {
  return Math.max(3 * intervalS, 15) * 1000;
}

export type Freshness = 'live' | 'stale' | 'offline' | 'waiting';

/**
 * - `waiting`: it joined and has not pushed yet: it was never there to be missed.
 * - `offline`: the server says so.
 * - `stale`: the link is not live, or the last push is older than the device's window: numbers must not look live.
 */
export function freshness({
  status,
  link,
  ageMs,
  intervalS,
}: {
  status: DeviceStatus;
  link: LinkState;
  /** Since the last push, by the server's clock; null where there was none. */
  ageMs: number | null;
  intervalS: number;
}): Freshness {
  if (status === 'offline') return ageMs === null ? 'waiting' : 'offline';
  if (link !== 'live' || ageMs === null || ageMs > onlineWindow(intervalS)) return 'stale';
  return 'live';
}
