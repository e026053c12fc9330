/** Notices that a wall has stopped working although its page is there. A worker asks, because its timers go on. */
import type { LinkState } from '../live/link.ts';

export type Fault =
  /** The browser draws nothing, though the page is visible. */
  | 'no-frames'
  /** The link is said to be live, and nothing comes over it. */
  | 'no-messages'
  /** The link has been gone for long, though the server serves the page. */
  | 'no-link';

/** A frame that was asked for comes within this time, or never, milliseconds. */
export const FRAME_MS = 30_000;
/** A live link brings a pulse every second. */
export const MESSAGE_MS = 20_000;
export const LINK_MS = 3 * 60_000;

export interface Signs {
  /** How long a frame has been waited for, milliseconds; 0 where none is. */
  readonly frameWaitMs: number;
  readonly visible: boolean;
  readonly link: LinkState;
  /** Since the last message, milliseconds. */
  readonly silentMs: number;
}

export function faultOf({ frameWaitMs, visible, link, silentMs }: Signs): Fault | undefined {
  if (visible && frameWaitMs > FRAME_MS) return 'no-frames';
  if (link === 'live' && silentMs > MESSAGE_MS) return 'no-messages';
  if (link !== 'live' && silentMs > LINK_MS) return 'no-link';
  return undefined;
}

interface WatchdogEffects {
  /** Calls back every few seconds from outside of the page's own timers; returns its stop. */
  readonly every: (job: () => void) => () => void;
  /** Milliseconds of a clock that nobody sets. */
  readonly now: () => number;
  readonly visible: () => boolean;
  /** Runs `job` with the next frame that is drawn. */
  readonly frame: (job: () => void) => void;
  readonly link: () => LinkState;
  readonly silentMs: () => number;
  /** What to do about a fault. */
  readonly found: (fault: Fault) => void;
}

/** Starts watching; returns its stop. */
export function watch({ every, now, visible, frame, link, silentMs, found }: WatchdogEffects): () => void {
  let askedAt: number | undefined;
  let lastCheck = now();
  return every(() => {
    const at = now();
    // After a sleep of the machine, or while the page was hidden, a frame could not come: the wait begins anew.
    if (!visible() || at - lastCheck > FRAME_MS / 2) askedAt = askedAt === undefined ? undefined : at;
    lastCheck = at;
    const frameWaitMs = askedAt === undefined ? 0 : at - askedAt;
    const fault = faultOf({ frameWaitMs, visible: visible(), link: link(), silentMs: silentMs() });
    if (fault !== undefined) found(fault);
    if (askedAt !== undefined) return;
    askedAt = at;
    frame(() => (askedAt = undefined));
  });
}
