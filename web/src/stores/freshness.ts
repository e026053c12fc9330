/** Whether a device's values may be shown as live [L4]. */
import type { DeviceStatus } from '#protocol/api.ts';
import { staleAfterMs } from '#protocol/gaps.ts';
import type { LinkState } from '../live/link.ts';

export type Freshness = 'live' | 'stale' | 'offline' | 'waiting';

/**
 * - `waiting`: the device joined and has not pushed yet, so it is not missed.
 * - `offline`: the server says that it is offline.
 * - `stale`: the link is not live, or the device has missed a push or two.
 */
export function freshness({
  status,
  link,
  ageMs,
  intervalS,
}: {
  status: DeviceStatus;
  link: LinkState;
  /** Milliseconds since the last push, by the server's clock; null where there was none. */
  ageMs: number | null;
  intervalS: number;
}): Freshness {
  if (status === 'offline') return ageMs === null ? 'waiting' : 'offline';
  if (link !== 'live' || ageMs === null || ageMs > staleAfterMs(intervalS)) return 'stale';
  return 'live';
}
