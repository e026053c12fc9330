/** [A5] Who is told of an alert, or why nobody is. */
import type { Alert } from '#protocol/alerts.ts';
import type { AlertRoute, Audience, ChannelRecord, Notification } from '#protocol/notify.ts';
import { routesOf } from './routing.ts';

export interface AudienceParts {
  /** In their order. */
  readonly routes: readonly AlertRoute[];
  readonly channels: readonly ChannelRecord[];
  /** The newest first. */
  readonly notifications: readonly Notification[];
}

function whyNobody(
  alert: Alert,
  taking: readonly AlertRoute[],
  { channels }: Pick<AudienceParts, 'channels'>,
): string | null {
  if (channels.length === 0) return 'There is no channel yet: add one under Settings, Channels.';
  if (taking.length === 0) return 'No route takes it: change one under Settings, Alert routes.';
  const ids = taking.flatMap((route) => route.channels);
  const usable = channels.filter(({ id, enabled }) => enabled && ids.includes(id));
  if (usable.length === 0)
    return `The route "${taking[0]?.name ?? ''}" takes it, but has no channel that is switched on.`;
  if (alert.muted === null) return null;
  return `It is muted: ${alert.muted.name}.`;
}

/** `tags`: of the alert's machine. */
export function audienceOf(alert: Alert, tags: readonly string[], parts: AudienceParts): Audience {
  const taking = routesOf(parts.routes, alert, tags);
  const nameOf = (id: string) => parts.channels.find((channel) => channel.id === id)?.name ?? id;
  return {
    routes: taking.map(({ id, name, channels }) => ({ id, name, channels: channels.map(nameOf) })),
    nobody_because: whyNobody(alert, taking, parts),
    notifications: parts.notifications
      .filter(
        ({ alerts, others }) =>
          alerts.some(({ id }) => id === alert.id) || others?.includes(alert.id) === true,
      )
      .map(({ alerts: _, others: __, ...shown }) => shown),
  };
}
