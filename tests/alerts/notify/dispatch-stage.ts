/**
 * The dispatch with collections in memory and a clock that the test moves. The test raises, changes and resolves alerts
 * and reads which messages went to which channels; it can restart the dispatch with what was stored.
 */
import type { Alert } from '#protocol/alerts.ts';
import type { AlertRoute, Notification } from '#protocol/notify.ts';
import { createDispatch, type Dispatch } from '../../../server/alerts/notify/dispatch.ts';
import { createOutbox } from '../../../server/alerts/notify/outbox.ts';
import type { AlertGroupRecord } from '../../../server/state/records.ts';
import { firing } from '../../protocol/firing-alert.ts';
import { handClock } from '../../fleet/hand-clock.ts';
import { memoryCollection } from '../../state/memory-collection.ts';
import { createLog } from '../../../server/app/log.ts';

export function routeOf(changes: Partial<AlertRoute> = {}): AlertRoute {
  return {
    id: 'route',
    name: 'Everything',
    enabled: true,
    match: { severities: [], tags: [], name: '', rules: [], hours: null },
    channels: ['mail'],
    group_by: 'rule',
    group_tag: '',
    wait_s: 10,
    update_s: 60,
    repeat_s: null,
    escalate: null,
    digest_s: null,
    send_resolved: true,
    send_acknowledged: true,
    goes_on: false,
    ...changes,
  };
}

/** Lets the promises that are settled run what waits for them. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

export function stageDispatch(startRoutes: readonly AlertRoute[]) {
  const clock = handClock();
  const alerts = new Map<string, Alert>();
  const groups = memoryCollection<AlertGroupRecord>();
  const notifications = memoryCollection<Notification>();
  const tags = new Map<string, string[]>();
  let routes = startRoutes;
  let dispatch: Dispatch;
  const start = () =>
    createDispatch({
      routes: () => routes,
      groups,
      tagsOf: (id) => tags.get(id) ?? [],
      alertOf: (id) => alerts.get(id),
      active: () => [...alerts.values()].filter(({ state }) => state !== 'resolved'),
      alertsSaved: () => Promise.resolve(),
      outbox: createOutbox(notifications),
      onAdded: () => undefined,
      clock,
      log: createLog('silent'),
    });
  dispatch = start();

  /** Changes alerts, which are added where they are new, and tells the dispatch. */
  function change(ids: readonly string[], parts: Partial<Alert>): void {
    const changed = ids.map((id): Alert => {
      const before = alerts.get(id) ?? {
        ...firing,
        id,
        device_id: id,
        device_name: id,
        timestamp: clock.now(),
      };
      return { ...before, ...parts };
    });
    for (const alert of changed) alerts.set(alert.id, alert);
    dispatch.alertsChanged(changed);
  }

  return {
    clock,
    alerts,
    groups,
    tags,
    notifications,
    raise: (ids: readonly string[], parts: Partial<Alert> = {}) => change(ids, parts),
    acknowledge: (ids: readonly string[]) =>
      change(ids, {
        state: 'acknowledged',
        acknowledged: { at: clock.now(), by: 'admin', comment: '' },
      }),
    resolve: (ids: readonly string[]) =>
      change(ids, { state: 'resolved', resolved_at: clock.now(), resolution: 'cleared' }),
    change,
    setRoutes(changed: readonly AlertRoute[]) {
      routes = changed;
      dispatch.routesChanged();
    },
    /** Lets so many seconds pass, second by second, and what becomes due be stored. */
    async pass(seconds: number) {
      for (let i = 0; i < seconds; i++) {
        clock.pass(1000);
        await settle();
      }
    },
    /** Ends the dispatch without a stop, as kill -9 does, and starts one with what is stored. */
    restart() {
      void dispatch.stop();
      dispatch = start();
    },
    isAwaited: (id: string) => dispatch.isAwaited(id),
    /** What was said so far, in order: `firing to mail: a, b`. */
    said: () =>
      notifications.all().map(
        ({ event, channel_id, alerts: told }) =>
          `${event} to ${channel_id}: ${told
            .map(({ id }) => id)
            .toSorted()
            .join(', ')}`,
      ),
    /** The newest notification. @throws where there is none */
    last(): Notification {
      const last = notifications.all().at(-1);
      if (last === undefined) throw new Error('nothing was said');
      return last;
    },
  };
}
