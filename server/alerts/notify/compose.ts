/** Makes the message of a notification for one channel: in the channel's own words, and with a chart where it shows one. */
import { setImmediate as nextTick } from 'node:timers/promises';
import { drawnThreshold, type Alert } from '#protocol/alerts.ts';
import type { Point } from '#protocol/api.ts';
import type { ChannelRecord, Notification } from '#protocol/notify.ts';
import { MINUTE } from '#protocol/span.ts';
import type { ChannelKind } from './channel.ts';
import { messageOf, type MessageChart, type MessageParts } from './message.ts';
import { applyTemplate, type TemplatedMessage } from './template.ts';

/** What the chart of a message shows before the alert, and at most after it, milliseconds. */
const BEFORE_MS = 60 * MINUTE;
const AFTER_MS = 30 * MINUTE;

/** Making a message of more alerts takes so long that pushes are answered in between. */
const MANY = 500;

export interface ComposeParts extends MessageParts {
  readonly kinds: ReadonlyMap<string, ChannelKind>;
  /** The mean and the band of a field in [from, to), epoch milliseconds. Rejects where the history is away. */
  readonly pointsOf: (deviceId: string, field: string, from: number, to: number) => Promise<readonly Point[]>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** A point whose numbers are all known, or all unknown. */
function drawnPoint([t, min, mean, max]: Point): MessageChart['points'][number] {
  return min === null || mean === null || max === null ? [t, null, null, null] : [t, min, mean, max];
}

/** The alert that a chart can show: the only one, about a field. */
function drawnAlert({ alerts, count }: Notification): Alert | undefined {
  const [alert] = alerts;
  return count === 1 && alert?.metric !== 'offline' ? alert : undefined;
}

export function createComposer({ kinds, pointsOf, now, ...parts }: ComposeParts) {
  /** The chart around the moment of the alert; undefined where its history cannot be read. */
  async function chartOf(alert: Alert): Promise<MessageChart | undefined> {
    const { device_id, metric, timestamp: at } = alert;
    const threshold = drawnThreshold(alert) ?? null;
    const from = at - BEFORE_MS;
    const to = Math.min(now(), at + AFTER_MS);
    try {
      const points = await pointsOf(device_id, metric, from, to);
      if (points.length < 2) return undefined;
      return {
        field: metric,
        meaning: alert.meaning,
        from,
        to,
        points: points.map(drawnPoint),
        threshold,
        at,
      };
    } catch {
      // The message matters more than its chart.
      return undefined;
    }
  }

  return async (notification: Notification, channel: ChannelRecord): Promise<TemplatedMessage> => {
    const kind = kinds.get(channel.kind);
    const alert = kind?.showsChart === true ? drawnAlert(notification) : undefined;
    const chart = alert && (await chartOf(alert));
    const message = { ...messageOf(notification, parts), ...(chart === undefined ? {} : { chart }) };
    const isMany = notification.alerts.length > MANY;
    if (isMany) await nextTick();
    const templated = applyTemplate(message, channel.template, kind?.templateFormat ?? 'text');
    if (isMany) await nextTick();
    return templated;
  };
}
