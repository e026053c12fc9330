/** What happened to an alert, in order, in words. */
import { alertReading } from '#protocol/alert-words.ts';
import type { Alert, AlertEvent } from '#protocol/alerts.ts';

export interface TimelineEntry {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly what: 'raised' | 'comment' | AlertEvent['what'];
  /** What happened, without who did it: `Acknowledged`. */
  readonly words: string;
  /** The user who did it; null where nobody did. */
  readonly by: string | null;
  /** What somebody said; empty where nobody did. */
  readonly text: string;
}

const ENDED: Readonly<Record<string, string>> = {
  cleared: 'Cleared',
  escalated: 'Replaced by a critical alert',
  rule_changed: 'Ended: its rule was changed',
  device_removed: 'Ended: the machine was removed',
};

function entryOf({ at, what, by, text }: AlertEvent): TimelineEntry {
  switch (what) {
    case 'acknowledged':
      return { at, what, words: 'Acknowledged', by, text };
    case 'unacknowledged':
      return {
        at,
        what,
        words: by === null ? `Not acknowledged any more: it ${text}` : 'Acknowledgement taken back',
        by,
        text: '',
      };
    case 'resolved':
      return { at, what, words: ENDED[text] ?? 'Ended', by, text: '' };
    case 'reopened':
      return { at, what, words: 'Fires again', by, text };
    case 'flapping':
      return { at, what, words: 'Flapping: from here on it ends only after a longer quiet time', by, text };
  }
}

/** The oldest entry first. */
export function timelineOf(alert: Alert): TimelineEntry[] {
  const raised: TimelineEntry = {
    at: alert.timestamp,
    what: 'raised',
    words:
      alert.severity === 'critical'
        ? `Raised as critical: ${alertReading(alert)}`
        : `Raised as warning: ${alertReading(alert)}`,
    by: null,
    text: '',
  };
  const comments = alert.comments.map(({ at, by, text }): TimelineEntry => ({
    at,
    what: 'comment',
    words: 'Comment',
    by,
    text,
  }));
  return [raised, ...[...alert.events.map(entryOf), ...comments].toSorted((a, b) => a.at - b.at)];
}
