/** A notification as it begins: it waits to be sent, and nobody has tried. */
import type { Notification } from '#protocol/notify.ts';

type Facts = Pick<Notification, 'id' | 'channel_id' | 'thread' | 'event' | 'created_at'> &
  Partial<Pick<Notification, 'route_id' | 'number' | 'subject' | 'whole' | 'alerts' | 'note'>>;

/** Where nothing else is given, it is the only message of its thread, of no route, and about no alert. */
export function newNotification({
  route_id = null,
  number = 1,
  subject = '',
  whole = true,
  alerts = [],
  note = '',
  ...facts
}: Facts): Notification {
  return {
    ...facts,
    route_id,
    number,
    subject,
    whole,
    alerts,
    count: alerts.length,
    note,
    state: 'waiting',
    attempts: [],
    tries: 0,
    next_try_at: null,
    done_at: null,
    rerouted: false,
  };
}
