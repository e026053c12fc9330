import { describe, expect, it } from 'vitest';
import type { Notification } from '#protocol/notify.ts';
import { audienceOf } from '../../../server/alerts/notify/audience.ts';
import { createOutbox } from '../../../server/alerts/notify/outbox.ts';
import { firing } from '../../protocol/firing-alert.ts';
import { memoryCollection } from '../../state/memory-collection.ts';

const MINUTE = 60_000;
const DONE_AT = 1_000_000;

/** A notification about so many alerts that is done. */
function doneNotification(id: string, count: number, changes: Partial<Notification> = {}): Notification {
  return {
    id,
    channel_id: 'mail',
    route_id: 'r',
    thread: id,
    number: 1,
    subject: '',
    event: 'firing',
    whole: true,
    alerts: Array.from({ length: count }, (_, i) => ({ ...firing, id: `alert-${i}` })),
    count,
    note: '',
    created_at: DONE_AT,
    state: 'sent',
    attempts: [],
    tries: 1,
    next_try_at: null,
    done_at: DONE_AT,
    rerouted: false,
    ...changes,
  };
}

describe('the outbox over time', () => {
  it('of ten thousand notifications the newest thousand that are done are kept, and all that wait', () => {
    const all = Array.from({ length: 10_000 }, (_, i) => doneNotification(`n${i}`, 1));
    const waiting = doneNotification('waiting', 1, { state: 'waiting', done_at: null });
    const outbox = createOutbox(memoryCollection([waiting, ...all]));
    outbox.tidy(DONE_AT);
    expect(outbox.all()).toHaveLength(1001);
    expect(outbox.all()[0]?.id).toBe('n9999');
    expect(outbox.waiting('mail').map(({ id }) => id)).toEqual(['waiting']);
  });

  it('a notification about many alerts keeps 20 of them ten minutes after it was sent', () => {
    const outbox = createOutbox(memoryCollection([doneNotification('n', 500)]));
    outbox.tidy(DONE_AT + 9 * MINUTE);
    expect(outbox.get('n')?.alerts).toHaveLength(500);
    outbox.tidy(DONE_AT + 11 * MINUTE);
    expect(outbox.get('n')).toMatchObject({ count: 500, alerts: { length: 20 } });
  });

  it('[A5] it is known for every alert of an outage whom it was told to, for as long as the notification is kept', () => {
    const outbox = createOutbox(memoryCollection([doneNotification('n', 500)]));
    outbox.tidy(DONE_AT + 11 * MINUTE);
    for (const id of ['alert-1', 'alert-499']) {
      const parts = { routes: [], channels: [], notifications: outbox.all() };
      expect(audienceOf({ ...firing, id }, [], parts).notifications).toMatchObject([{ id: 'n', count: 500 }]);
    }
  });

  it('the ids of alerts that are kept besides are bounded: the oldest notifications lose theirs', () => {
    const notifications = Array.from({ length: 10 }, (_, i) => doneNotification(`n${i}`, 5020));
    const outbox = createOutbox(memoryCollection(notifications));
    outbox.tidy(DONE_AT + 11 * MINUTE);
    const kept = outbox.all().map(({ others }) => others?.length);
    expect(kept).toEqual([5000, 5000, 5000, 5000, 0, 0, 0, 0, 0, 0]);
    const before = outbox.all();
    outbox.tidy(DONE_AT + 12 * MINUTE);
    expect(outbox.all().every((notification, i) => notification === before[i])).toBe(true);
  });

  it('[A5] a notification that was not delivered keeps all alerts while another channel may be given it', () => {
    const outbox = createOutbox(memoryCollection([doneNotification('n', 500, { state: 'failed' })]));
    outbox.tidy(DONE_AT + 61 * MINUTE);
    expect(outbox.get('n')?.alerts).toHaveLength(500);
    outbox.tidy(DONE_AT + 121 * MINUTE);
    expect(outbox.get('n')?.alerts).toHaveLength(20);
  });
});
