/** One message a day to the channels of the administrator's choice, which proves that the way to the phone works. */
import type { Notification, NotifySettings } from '#protocol/notify.ts';
import type { Clock } from '../../types.ts';
import { spanAt } from '../week-hours.ts';
import { newNotification } from './notification.ts';
import type { Outbox } from './outbox.ts';

const LOOK_EVERY_MS = 15_000;
/** A message that is later than this, because the server did not run, waits for the next day. */
const LATEST_MS = 600_000;
const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7];

export interface WatchdogParts {
  readonly settings: () => NotifySettings['watchdog'];
  /** A sentence about what the server watches. */
  readonly summary: () => string;
  readonly outbox: Pick<Outbox, 'add' | 'get'>;
  /** Called with the notifications that were put into the outbox. */
  readonly onAdded: (notifications: readonly Notification[]) => void;
  readonly clock: Pick<Clock, 'now' | 'every'>;
}

/** Starts looking for the time of the daily message; returns the function that stops it. */
export function startWatchdog({ settings, summary, outbox, onAdded, clock }: WatchdogParts): () => void {
  async function look(): Promise<void> {
    const watchdog = settings();
    if (watchdog === null) return;
    const { at, time_zone, channels } = watchdog;
    const now = clock.now();
    const due = spanAt({ days: EVERY_DAY, from: at, to: at, time_zone }, now)?.from;
    if (due === undefined || now - due > LATEST_MS) return;
    const fresh = channels
      .map((channel_id) =>
        newNotification({
          // The same for the whole day, so that a restart does not send it twice.
          id: `watchdog.${due}.${channel_id}`,
          channel_id,
          thread: `watchdog.${due}`,
          event: 'watchdog',
          note: summary(),
          created_at: now,
        }),
      )
      .filter(({ id }) => outbox.get(id) === undefined);
    if (fresh.length === 0) return;
    await outbox.add(fresh);
    onAdded(fresh);
  }

  return clock.every(() => void look(), LOOK_EVERY_MS);
}
