/** The state of the live connection in words [L4]. */
import type { LinkState } from '../live/link.ts';
import { span } from '#protocol/span.ts';
import type { State } from '../ui/state.ts';

/** A shorter interruption is named in one word: it is most likely over before anybody has read more. */
const BRIEF_MS = 4000;

export interface LinkWords {
  readonly state: State;
  /** For the rail: one word. */
  readonly word: string;
  /** For the strip at the bottom of the page; empty while the link is live. */
  readonly sentence: string;
}

/** `silentMs`: milliseconds since the link was last live; undefined before it ever was. */
export function linkWords(link: LinkState, silentMs: number | undefined): LinkWords {
  if (link === 'live') return { state: 'good', word: 'Live', sentence: '' };
  if (silentMs === undefined) {
    const sentence = link === 'connecting' ? '' : 'No live data: the server does not answer. Trying again…';
    return { state: 'stale', word: 'Connecting', sentence };
  }
  const sentence =
    silentMs < BRIEF_MS
      ? 'Reconnecting…'
      : `No data for ${span(silentMs)}. Reconnecting… What you see is from before.`;
  return { state: 'stale', word: silentMs < BRIEF_MS ? 'Waiting' : 'No data', sentence };
}
