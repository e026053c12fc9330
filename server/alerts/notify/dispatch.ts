/**
 * Follows the alerts and decides which notifications go out: finds the routes of each alert, keeps the groups, and puts
 * the messages of groups into the outbox. [A3] What people were told is stored with the group, after its notifications:
 * a crash repeats a message under the same id rather than losing it.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import { errorText } from '#protocol/errors.ts';
import type { Alert } from '#protocol/alerts.ts';
import type { AlertRoute, Notification } from '#protocol/notify.ts';
import type { Collection } from '../../state/collection.ts';
import type { AlertGroupRecord } from '../../state/records.ts';
import type { Clock, Log } from '../../types.ts';
import { caughtUp, channelsOf, joinGroup, openGroup, stepGroup, type GroupMessage } from './grouping.ts';
import { Groups } from './groups.ts';
import { newNotification } from './notification.ts';
import type { Outbox } from './outbox.ts';
import { groupKeyOf, routesOf } from './routing.ts';

const TICK_MS = 1000;
/** Alerts that change within so many milliseconds are handled together: an outage changes thousands, one by one. */
const GATHER_MS = 50;
/** So many groups are looked at before pushes are answered in between: there is one for each machine where routes say so. */
const GROUPS_A_TURN = 200;

export interface DispatchParts {
  /** In their order. */
  readonly routes: () => readonly AlertRoute[];
  readonly groups: Collection<AlertGroupRecord>;
  /** The tags of a machine; none of an unknown one. */
  readonly tagsOf: (deviceId: string) => readonly string[];
  /** The alert as it is now; undefined where it is not stored. */
  readonly alertOf: (id: string) => Alert | undefined;
  readonly active: () => readonly Alert[];
  /** Resolves when the alerts are on disk, or cannot be written now. */
  readonly alertsSaved: () => Promise<void>;
  readonly outbox: Pick<Outbox, 'add' | 'ofThread'>;
  /** Called after notifications were put into the outbox. */
  readonly onAdded: (notifications: readonly Notification[]) => void;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Dispatch {
  /** To be called with the alerts that were raised, changed or resolved. */
  alertsChanged(alerts: readonly Alert[]): void;
  /** To be called when routes have changed: alerts that a route takes only now join it. */
  routesChanged(): void;
  /** Whether a message about the alert may be yet to come. */
  isAwaited(alertId: string): boolean;
  /** Resolves when the messages that are being stored are in the outbox. */
  stop(): Promise<void>;
}

/** Whether the route can tell anybody; one that cannot leaves its alerts until it can. */
const canTell = ({ enabled, channels }: AlertRoute) => enabled && channels.length > 0;

export function createDispatch({
  routes,
  groups: stored,
  tagsOf,
  alertOf,
  active,
  alertsSaved,
  outbox,
  onAdded,
  clock,
  log,
}: DispatchParts): Dispatch {
  const groups = new Groups(stored);
  /** The messages of a group that are being stored, by its id. */
  const working = new Map<string, Promise<void>>();
  /** The ids of the alerts that have changed and are yet to be looked at. */
  let changed = new Set<string>();
  /** Those of them that fired and were in no group: people are told of them, even should they be over by then. */
  let raised = new Set<string>();
  let cancelLook: (() => void) | undefined;
  let stopped = false;

  /** The route of the group; undefined where it was removed, or cannot tell anybody any more. */
  const routeOf = ({ route_id }: AlertGroupRecord) =>
    routes().find((route) => route.id === route_id && canTell(route));

  /** Puts the alerts into the groups of the routes that take them, unless they are in one of that route already. */
  function join(alerts: Iterable<Alert>): void {
    const now = clock.now();
    const all = routes();
    /** By the route and the key of a group: what joins it. */
    const joining = new Map<string, { route: AlertRoute; key: string; alerts: [Alert, ...Alert[]] }>();
    for (const alert of alerts) {
      const tags = tagsOf(alert.device_id);
      for (const route of routesOf(all, alert, tags)) {
        if (!canTell(route) || groups.hasOf(alert.id, route.id)) continue;
        const key = groupKeyOf(route, alert, tags);
        const place = `${route.id}\n${key}`;
        const others = joining.get(place);
        if (others === undefined) joining.set(place, { route, key, alerts: [alert] });
        else others.alerts.push(alert);
      }
    }
    for (const { route, key, alerts: joined } of joining.values()) {
      const group = groups.at({ route_id: route.id, key }) ?? openGroup(route, key, joined[0], now);
      groups.set(joinGroup(group, route, joined, now));
    }
  }

  /** Looks at the alerts that have changed. */
  function look(): void {
    cancelLook = undefined;
    const [ids, raisedIds] = [changed, raised];
    changed = new Set();
    raised = new Set();
    const alerts = [...ids].map(alertOf).filter((alert) => alert !== undefined);
    join(alerts.filter(({ id, state }) => state !== 'resolved' || raisedIds.has(id)));
    void startAll(new Set([...ids].flatMap((id) => [...groups.ofAlert(id)])));
  }

  function notificationsOf(
    group: AlertGroupRecord,
    route: AlertRoute,
    { event, alerts, whole }: GroupMessage,
  ): Notification[] {
    return channelsOf(group, route, event).map((channelId) =>
      newNotification({
        id: `${group.id}.${group.messages}.${channelId}`,
        channel_id: channelId,
        route_id: route.id,
        thread: group.id,
        number: group.messages,
        subject: group.subject,
        event,
        whole,
        alerts: [...alerts],
        created_at: clock.now(),
      }),
    );
  }

  /** Makes the group's messages that are due, and stores them, then the group. */
  async function work(groupId: string): Promise<void> {
    for (;;) {
      const before = groups.get(groupId);
      if (before === undefined) return;
      const route = routeOf(before);
      if (route === undefined) return groups.end(before);
      const { group, message } = stepGroup(before, route, alertOf, clock.now());
      if (group === undefined) return groups.end(before);
      if (message === undefined) {
        groups.set(group);
        return groups.store(groupId);
      }
      // A crash must not lose the group whose messages are in the outbox: its alerts would be told of again.
      if (before.messages === 0) groups.store(groupId);
      const saved = before.messages === 0 ? groups.saved() : undefined;
      groups.set(group);
      const notifications = notificationsOf(group, route, message);
      await Promise.all([alertsSaved(), saved]);
      await outbox.add(notifications);
      onAdded(notifications);
    }
  }

  function startWork(groupId: string): void {
    if (stopped || working.has(groupId)) return;
    const done = work(groupId)
      .catch((error: unknown) => {
        log.error({ err: error, group: groupId }, `the messages of a group failed: ${errorText(error)}`);
      })
      .finally(() => working.delete(groupId));
    working.set(groupId, done);
  }

  async function startAll(groupIds: Iterable<string>): Promise<void> {
    let count = 0;
    for (const id of groupIds) {
      startWork(id);
      if (++count % GROUPS_A_TURN === 0) await nextTick();
    }
  }

  const tick = () => void startAll(groups.all().map(({ id }) => id));

  /** Takes up a group after a start. */
  function restoreGroup(group: AlertGroupRecord): void {
    const route = routeOf(group);
    if (route === undefined) stored.drop(group.id);
    else groups.set(caughtUp(group, route, outbox.ofThread(group.id)));
  }

  for (const group of stored.all()) restoreGroup(group);
  join(active());

  const stopTicks = clock.every(tick, TICK_MS);
  return {
    alertsChanged(alerts) {
      for (const { id, state } of alerts) {
        changed.add(id);
        if (state !== 'resolved' && !groups.has(id)) raised.add(id);
      }
      cancelLook ??= clock.after(GATHER_MS, look);
    },
    routesChanged() {
      for (const group of groups.all()) if (routeOf(group) === undefined) groups.end(group);
      join(active());
      tick();
    },
    isAwaited: (alertId) => groups.has(alertId) || changed.has(alertId),
    async stop() {
      stopped = true;
      stopTicks();
      cancelLook?.();
      while (working.size > 0) await Promise.all(working.values());
    },
  };
}
