/** `/notifications`: what was sent and what waits; `/notify-settings`: the heartbeat and the daily message. */
import {
  notificationsReply,
  notifySettings,
  notifySettingsReply,
  type Notification,
  type NotifySettings,
} from '#protocol/notify.ts';
import type { z } from 'zod';
import { ApiError } from '#protocol/errors.ts';
import { actorOf, type Audit } from '../auth/audit.ts';
import { route, routeWithBody, type Route } from '../http/route.ts';

export interface NotificationRouteParts {
  /** The newest first. */
  readonly notifications: () => readonly Notification[];
  readonly settings: () => NotifySettings;
  readonly setSettings: (settings: NotifySettings) => Promise<void>;
  readonly heartbeat: () => z.output<typeof notifySettingsReply>['heartbeat_state'];
  readonly audit: Audit;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;
/** How many of a notification's alerts are in a reply: one may be about thousands. */
const ALERTS_SHOWN = 20;

export function notificationRoutes({
  notifications,
  settings,
  setSettings,
  heartbeat,
  audit,
}: NotificationRouteParts): Route[] {
  const shownSettings = () => ({ ...settings(), heartbeat_state: heartbeat() });
  return [
    route({
      method: 'GET',
      path: '/notifications',
      access: 'admin',
      summary:
        'What was sent and what waits to be sent, newest first, with the answers of the far sides. Of their alerts, at most 20 are listed; `count` says how many there are.',
      reply: notificationsReply,
      query: {
        channel: 'the id of a channel; all where it is left out',
        limit: `how many; ${DEFAULT_LIMIT} where it is left out, at most ${MAX_LIMIT}`,
      },
      handle({ request }) {
        const channel = request.query.get('channel');
        const limit = Number(request.query.get('limit') ?? DEFAULT_LIMIT);
        if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
          throw new ApiError('invalid_query', {
            details: [{ path: 'limit', message: `is a whole number from 1 to ${MAX_LIMIT}` }],
          });
        const chosen = notifications().filter(({ channel_id }) => channel === null || channel_id === channel);
        return {
          notifications: chosen
            .slice(0, limit)
            .map(({ others: _, alerts, ...shown }) => ({ ...shown, alerts: alerts.slice(0, ALERTS_SHOWN) })),
        };
      },
    }),
    route({
      method: 'GET',
      path: '/notify-settings',
      access: 'admin',
      summary: 'The heartbeat and the daily message, and how the newest heartbeat went.',
      reply: notifySettingsReply,
      handle: shownSettings,
    }),
    routeWithBody({
      method: 'PATCH',
      path: '/notify-settings',
      access: 'admin',
      summary: 'Change the heartbeat or the daily message; null switches it off.',
      body: notifySettings.partial(),
      reply: notifySettingsReply,
      async handle({ request, person, body }) {
        const { heartbeat: newHeartbeat, watchdog } = body;
        const before = settings();
        await setSettings({
          heartbeat: newHeartbeat === undefined ? before.heartbeat : newHeartbeat,
          watchdog: watchdog === undefined ? before.watchdog : watchdog,
        });
        audit.record({
          ...actorOf(person, request),
          action: 'changed',
          target: 'heartbeat and daily message',
        });
        return shownSettings();
      },
    }),
  ];
}
