/** Notifications in words. */
import { alertSubject } from '#protocol/alert-words.ts';
import type { Notification, NotificationEvent } from '#protocol/notify.ts';
import type { State } from '../ui/state.ts';

export const EVENT_WORDS: Record<NotificationEvent, string> = {
  firing: 'Firing',
  repeated: 'Repeated',
  escalated: 'Escalated',
  acknowledged: 'Acknowledged',
  resolved: 'Resolved',
  undelivered: 'For another channel',
  watchdog: 'Daily message',
  test: 'Test',
};

const STATES: Record<Notification['state'], { state: State; word: string }> = {
  waiting: { state: 'waiting', word: 'Waiting' },
  sent: { state: 'good', word: 'Delivered' },
  failed: { state: 'critical', word: 'Given up' },
};

/** The state that a notification is shown in, and the word for it. */
export function deliveryState({ state, tries }: Pick<Notification, 'state' | 'tries'>): {
  state: State;
  word: string;
} {
  return state === 'waiting' && tries > 0 ? { state: 'warning', word: 'Tried again' } : STATES[state];
}

/** What a notification is about: `web-1, CPU`; `500 alerts`. */
export function aboutWords({ alerts, count }: Notification): string {
  const [first] = alerts;
  if (count === 0 || first === undefined) return '';
  return count === 1 ? `${first.device_name}, ${alertSubject(first)}` : `${count} alerts`;
}
