/** The link's state in words [L4]. */
import type { LinkState } from '../live/link.ts';
import { span } from '../format/time.ts';
import type { State } from '../ui/state.ts';

/** Below this a lost link is most likely back before anybody has read more than one word. */
const BRIEF_MS = 4000;

export interface LinkWords {
  readonly state: State;
  /** For the rail: one word. */
  readonly word: string;
  /** For the strip above the page; empty while all is well. */
  readonly sentence: string;
}

/** `silentMs`: how long nothing was heard; undefined before anything was. */
export function linkWords(link: LinkState, silentMs: number | undefined): LinkWords {
  if (link === 'live') return { state: 'good', word: 'Live', sentence: '' };
  if (silentMs === undefined) return { state: 'stale', word: 'Connecting', sentence: '' };
  const sentence =
    silentMs < BRIEF_MS
      ? 'Reconnecting…'
      : `No data for ${span(silentMs)}. Reconnecting… What you see is from before.`;
  return { state: 'stale', word: silentMs < BRIEF_MS ? 'Waiting' : 'No data', sentence };
}
