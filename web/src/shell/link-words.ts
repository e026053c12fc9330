/** The state of the live connection in words [L4]. */
import { isOld, type LinkState } from '../live/link.ts';
import { span } from '#protocol/span.ts';
import type { State } from '../ui/state.ts';

export interface LinkWords {
  readonly state: State;
  /** For the rail: one word. */
  readonly word: string;
  /** For the strip over the page; empty while the link is live, and while the page connects for the first time. */
  readonly sentence: string;
  /** For who asks what the word means. */
  readonly hint: string;
}

/** `silentMs`: milliseconds since the link was last live; undefined before it ever was. */
export function linkWords(link: LinkState, silentMs: number | undefined): LinkWords {
  if (link === 'live')
    return { state: 'good', word: 'Live', sentence: '', hint: 'Numbers arrive as they are measured' };
  if (silentMs === undefined && link === 'connecting')
    return { state: 'stale', word: 'Connecting', sentence: '', hint: 'Connecting to the server…' };
  const { word, sentence } = brokenWords(link, silentMs);
  return { state: 'stale', word, sentence, hint: sentence };
}

function brokenWords(link: LinkState, silentMs: number | undefined): { word: string; sentence: string } {
  if (silentMs === undefined)
    return { word: 'Connecting', sentence: 'No live data: the server does not answer. Trying again…' };
  // A short interruption is named in one word: it is most likely over before anybody has read more.
  if (!isOld(link, silentMs)) return { word: 'Waiting', sentence: 'Reconnecting…' };
  return {
    word: 'No data',
    sentence: `No data for ${span(silentMs)}. Reconnecting… What you see is from before.`,
  };
}
