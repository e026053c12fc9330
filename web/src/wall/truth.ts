/** Whether what a wall shows is true now [L4] [W3]. */
import type { LinkState } from '../live/link.ts';

export type Truth =
  | { readonly kind: 'live' }
  /** The first connection is not there yet. */
  | { readonly kind: 'connecting' }
  /** There is no connection, for `forMs` milliseconds. */
  | { readonly kind: 'lost'; readonly forMs: number }
  /** The server answers, and the values of all machines are old. */
  | { readonly kind: 'old' }
  /** The browser cannot have a live connection at all. */
  | { readonly kind: 'no-websocket' };

/** A connection that is closed and opened again within this time is no outage, milliseconds. */
const BRIEF_MS = 2000;

export function truthOf({
  link,
  silentMs,
  hasWebSocket,
  allOld,
}: {
  link: LinkState;
  /** Milliseconds since the link was last live; undefined before it ever was. */
  silentMs: number | undefined;
  hasWebSocket: boolean;
  /** Whether machines are online and every one of them has old values. */
  allOld: boolean;
}): Truth {
  if (!hasWebSocket) return { kind: 'no-websocket' };
  if (silentMs === undefined) return { kind: 'connecting' };
  if (link === 'live') return allOld ? { kind: 'old' } : { kind: 'live' };
  // A stale link has been silent for STALE_AFTER_MS already.
  if (link !== 'stale' && silentMs < BRIEF_MS) return { kind: 'live' };
  return { kind: 'lost', forMs: silentMs };
}
