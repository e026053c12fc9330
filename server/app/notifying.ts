/** Notifying: the channels, the routes of alerts to them, the messages that go out, and the heartbeat. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isActive, type Alert } from '#protocol/alerts.ts';
import type { ChannelRecord, Notification, NotifySettings, RouteMatch } from '#protocol/notify.ts';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { audienceOf } from '../alerts/notify/audience.ts';
import { createBrowsers, openPushKeys } from '../alerts/notify/browsers.ts';
import { KINDS } from '../alerts/notify/channels.ts';
import { createComposer } from '../alerts/notify/compose.ts';
import { createDelivery } from '../alerts/notify/delivery.ts';
import { createDispatch } from '../alerts/notify/dispatch.ts';
import { startHeartbeat } from '../alerts/notify/heartbeat.ts';
import { messageOf } from '../alerts/notify/message.ts';
import { newNotification } from '../alerts/notify/notification.ts';
import { createOutbox } from '../alerts/notify/outbox.ts';
import { createOutgoing } from '../alerts/notify/outgoing.ts';
import { startRerouting } from '../alerts/notify/rerouting.ts';
import { takesMachine, takesRule } from '../alerts/notify/routing.ts';
import { preview } from '../alerts/notify/template.ts';
import { startWatchdog } from '../alerts/notify/watchdog.ts';
import { toPoints, widthFor } from '../routes/series.ts';
import { alertRouteRoutes } from '../routes/alert-routes.ts';
import { browserRoutes } from '../routes/browsers.ts';
import { channelRoutes } from '../routes/channels.ts';
import { notificationRoutes } from '../routes/notifications.ts';
import type { AlertRouteRecord } from '../state/records.ts';
import type { Alerting } from './alerting.ts';
import type { Base } from './base.ts';
import type { OpenHistory } from './history.ts';
import type { Machines } from './machines.ts';
import type { People } from './people.ts';
import { machineOf } from './silences.ts';
import { Stops } from './stops.ts';

/** The capabilities and facts that notifying uses. */
export interface NotifyingNeeds {
  readonly people: People;
  readonly machines: Machines;
  readonly alerting: Alerting;
  readonly history: OpenHistory;
  readonly isTls: boolean;
}

const TIDY_EVERY_MS = 60_000;
const NO_SETTINGS: NotifySettings = { heartbeat: null, watchdog: null };

/** The route that the first channel gets: every alert, without repetition. */
const firstRoute = (channelId: string): AlertRouteRecord => ({
  id: randomUUID(),
  name: 'Every alert',
  enabled: true,
  match: { severities: [], tags: [], name: '', rules: [], hours: null },
  channels: [channelId],
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
  position: 1,
});

/** The address that links in messages lead to. */
function webUrlOf({ publicUrl, port }: Base['config'], isTls: boolean): string {
  const base = publicUrl ?? `${isTls ? 'https' : 'http'}://${hostname()}:${port}`;
  return `${base.replace(/\/$/, '')}/ui`;
}

export async function openNotifying(
  base: Base,
  { people, machines, alerting, history, isTls }: NotifyingNeeds,
) {
  const { config, state, clock, log, notices } = base;
  const { channels, alertRoutes, devices, rules } = state;
  const { now, every } = clock;
  const stops = new Stops();
  const webUrl = webUrlOf(config, isTls);
  const tagsOf = (deviceId: string) => devices.get(deviceId)?.tags ?? [];
  const routes = () => alertRoutes.all().toSorted((a, b) => a.position - b.position);
  function settings(): NotifySettings {
    const { heartbeat: stored, watchdog } = state.notifySettings.get('settings') ?? NO_SETTINGS;
    return { heartbeat: stored, watchdog };
  }

  const outbox = createOutbox(state.notifications);
  const browsers = createBrowsers({
    keys: await openPushKeys(join(config.data, 'push-keys.json')),
    // A push service may want to write to whoever runs the server; an address of its own is all that is known.
    contact: webUrl.startsWith('https:') ? webUrl : 'https://localhost/',
    subscriptions: state.pushSubscriptions,
    now,
  });

  const messageParts = {
    webUrl,
    named: alerting.alerts.named,
    runbookOf: (ruleId: string) => rules.get(ruleId)?.runbook ?? '',
    /** Of an alert that has ended, nobody looks for the culprit. */
    detailsOf(alert: Alert): readonly string[] {
      const line = isActive(alert) ? alerting.alertProcesses.lineOf(alert) : undefined;
      return line === undefined ? [] : [line];
    },
  };

  /** A field around the moment of an alert, for the chart of a message. */
  async function pointsOf(deviceId: string, field: string, from: number, to: number) {
    const asked = { deviceId, from, to, step: widthFor(to - from), fields: [field] };
    const { series, step } = await history.inTime.query(asked);
    const buckets = series.get(field);
    return buckets === undefined ? [] : toPoints(buckets, step);
  }

  /** Says in the notices whether the channel delivers. */
  function noteHealth(channelId: string): void {
    const record = channels.get(channelId);
    const { state: health, problem } = delivery.health(channelId);
    const isFailing = record?.enabled === true && health === 'failing';
    const text = `The channel "${record?.name ?? ''}" does not deliver: ${problem ?? ''} It is tried again by itself; its page has a test.`;
    notices.set(`channel ${channelId}`, isFailing ? { text } : null);
  }

  const delivery = createDelivery({
    outbox,
    channelOf: channels.get,
    kinds: KINDS,
    browsers,
    createOutgoing: (allowPrivate) => createOutgoing({ allowPrivate }),
    compose: createComposer({ ...messageParts, kinds: KINDS, pointsOf, now }),
    onAttempt: ({ channel_id }) => noteHealth(channel_id),
    clock,
    random: Math.random,
    log,
  });
  stops.add(delivery.stop);
  const onAdded = (added: readonly Notification[]) =>
    delivery.wake(new Set(added.map(({ channel_id }) => channel_id)));

  const dispatch = createDispatch({
    routes,
    groups: state.alertGroups,
    tagsOf,
    alertOf: state.alerts.get,
    active: alerting.alerts.active,
    // Where the disk is full, the message about it has to go out all the same.
    alertsSaved: () => state.alerts.saved().catch(() => undefined),
    outbox,
    onAdded,
    clock,
    log,
  });
  stops.add(dispatch.stop);
  alerting.alertsChanged.listen(dispatch.alertsChanged);
  alerting.awaitMessages(dispatch.isAwaited);

  const health = delivery.health;
  stops.add(startRerouting({ channels: channels.all, health, outbox, onAdded, clock }));
  stops.add(startWatchdog({ settings: () => settings().watchdog, summary, outbox, onAdded, clock }));
  const heartbeat = startHeartbeat({
    settings: () => settings().heartbeat,
    report: () => (notices.whyNotReady() === undefined ? report() : undefined),
    outgoing: (allowPrivate) => createOutgoing({ allowPrivate }),
    clock,
  });
  stops.add(heartbeat.stop);
  stops.add(every(() => outbox.tidy(now()), TIDY_EVERY_MS));
  // What waited for this start.
  delivery.wake(channels.all().map(({ id }) => id));

  /** How well this server is, for the heartbeat. */
  function report() {
    const views = devices.all().map(({ id }) => machines.fleet.get(id)?.status);
    return {
      status: 'ok',
      version: WATCHFLOOR_VERSION,
      devices: views.length,
      online: views.filter((status) => status === 'online').length,
      alerts: alerting.alerts.active().length,
      notices: notices.list(),
    };
  }

  function summary(): string {
    const { devices: all, online, alerts } = report();
    return `${online} of ${all} machines are online, and ${alerts} alerts are active. This message comes once a day; when it does not, look after the server.`;
  }

  async function channelChanged(channelId: string): Promise<void> {
    const isFirst = channels.all().length === 1 && alertRoutes.all().length === 0;
    if (isFirst && channels.get(channelId) !== undefined) {
      await alertRoutes.put(firstRoute(channelId));
      dispatch.routesChanged();
    }
    delivery.retryNow(channelId);
    noteHealth(channelId);
  }

  /** A message about the newest alert, or about none where there has been none. */
  function testNotification({ id, name }: Pick<ChannelRecord, 'id' | 'name'>): Notification {
    const [newest] = alerting.alerts.all({ limit: 1 });
    return newNotification({
      id: `test.${randomUUID()}`,
      channel_id: id,
      thread: `test.${randomUUID()}`,
      event: 'test',
      alerts: newest === undefined ? [] : [newest],
      note: `This is a test of the channel "${name}". It shows the newest alert; nothing new has happened.`,
      created_at: now(),
    });
  }

  function coverage(match: RouteMatch): { machines: number; rules: number } {
    const taken = devices
      .all()
      .map(machineOf)
      .filter(({ name, tags }) => takesMachine(match, name, tags));
    const ruled = rules.all().filter(({ id, severity }) => takesRule(match, id, severity));
    return { machines: taken.length, rules: ruled.length };
  }

  function audience(alertId: string) {
    const alert: Alert | undefined = state.alerts.get(alertId);
    if (alert === undefined) return undefined;
    const parts = { routes: routes(), channels: channels.all(), notifications: outbox.all() };
    return audienceOf(alerting.alerts.named(alert), tagsOf(alert.device_id), parts);
  }

  const { audit } = people;
  return {
    routes: [
      ...channelRoutes({
        channels,
        kinds: KINDS,
        health,
        test: (channel) => delivery.test(channel, testNotification(channel)),
        preview: ({ templateFormat }, template) =>
          preview(
            template,
            messageOf(testNotification({ id: '', name: 'preview' }), messageParts),
            templateFormat,
          ),
        changed: channelChanged,
        audit,
        now,
      }),
      ...browserRoutes(browsers),
      ...alertRouteRoutes({
        alertRoutes,
        inOrder: routes,
        channels,
        coverage,
        audience,
        changed: dispatch.routesChanged,
        audit,
      }),
      ...notificationRoutes({
        notifications: outbox.all,
        settings,
        async setSettings(changed) {
          await state.notifySettings.put({ ...changed, id: 'settings' });
          heartbeat.restart();
        },
        heartbeat: heartbeat.last,
        audit,
      }),
    ],
    stop: () => stops.stop(),
  };
}

export type Notifying = Awaited<ReturnType<typeof openNotifying>>;
