/** Sends messages through a kind of channel to a real receiver that stands for its service. */
import { alert, type Alert } from '#protocol/alerts.ts';
import type { NotificationEvent } from '#protocol/notify.ts';
import {
  DeliveryError,
  type Answer,
  type Browsers,
  type ChannelKind,
  type Outgoing,
} from '../../../server/alerts/notify/channel.ts';
import { messageOf, type Message } from '../../../server/alerts/notify/message.ts';
import { createOutgoing } from '../../../server/alerts/notify/outgoing.ts';
import { startReceiver, type Recorded, type Reply } from './receiver.ts';

export const AT = Date.UTC(2026, 10, 26, 14, 7, 9);
export const WEB_URL = 'https://watch.example.com/ui';

export function alertOf(facts: Partial<Alert> = {}): Alert {
  return alert.parse({
    id: 'alert-1',
    rule_id: 'rule-1',
    rule_name: 'CPU high',
    device_id: 'device-1',
    device_name: 'web-1',
    metric: 'cpu',
    value: 97,
    threshold: 90,
    severity: 'critical',
    state: 'firing',
    timestamp: AT,
    resolved_at: null,
    resolution: null,
    ...facts,
  });
}

/** The same alert after three minutes. */
export const RESOLVED: Partial<Alert> = {
  state: 'resolved',
  resolved_at: AT + 180_000,
  resolution: 'cleared',
};
export const ACKNOWLEDGED: Partial<Alert> = {
  state: 'acknowledged',
  acknowledged: { at: AT + 60_000, by: 'ada', comment: 'on it' },
};

export interface MessageFacts {
  readonly alerts?: readonly Alert[];
  readonly number?: number;
  readonly note?: string;
  readonly runbook?: string;
  readonly whole?: boolean;
}

export function message(
  event: NotificationEvent = 'firing',
  { alerts = [alertOf()], number = 1, note = '', runbook = '', whole = true }: MessageFacts = {},
): Message {
  const notification = {
    id: `notification-${number}`,
    channel_id: 'channel-1',
    route_id: 'route-1',
    thread: 'thread-1',
    number,
    subject: 'web-1, CPU',
    event,
    whole,
    alerts: [...alerts],
    count: alerts.length,
    note,
    created_at: AT,
    state: 'waiting' as const,
    attempts: [],
    tries: 0,
    next_try_at: null,
    done_at: null,
    rerouted: false,
  };
  return messageOf(notification, {
    webUrl: WEB_URL,
    named: (stored) => stored,
    runbookOf: () => runbook,
    timeZone: 'UTC',
  });
}

/** One alert each on so many machines. */
export const outage = (machines: number): Message =>
  message('firing', {
    alerts: Array.from({ length: machines }, (_, index) =>
      alertOf({ id: `alert-${index}`, device_id: `device-${index}`, device_name: `machine-${index}` }),
    ),
  });

/** [S6] Names that would be markup, mentions or commands in one service or another. */
export const HOSTILE =
  '<!channel> @everyone @all <users/all> *b* _i_ `c` [x](http://evil.example) <b>&amp;</b> "q" \\ {{ 7 }}';

export const hostileMessage = (): Message =>
  message('firing', { alerts: [alertOf({ device_name: HOSTILE, rule_name: HOSTILE })], runbook: HOSTILE });

export const NO_BROWSERS: Browsers = {
  keys: { publicKey: '', privateKey: '' },
  contact: 'mailto:admin@example.com',
  subscriptions: () => [],
  onGone: () => {},
};

interface Sent {
  /** With the address that was asked for. */
  readonly requests: readonly (Recorded & { readonly url: string })[];
  readonly answer: Answer | undefined;
  readonly error: DeliveryError | undefined;
}

/**
 * Sends a message once. Whatever host the kind asks for, the request arrives at the receiver; `requests` have the
 * address that it asked for.
 */
export async function sendThrough(
  kind: ChannelKind,
  settings: Readonly<Record<string, unknown>>,
  sent: Message = message(),
  { answer = () => ({}), browsers = NO_BROWSERS }: { answer?: () => Reply; browsers?: Browsers } = {},
): Promise<Sent> {
  const receiver = await startReceiver(answer);
  const real = createOutgoing({ allowPrivate: true, now: () => AT });
  const asked: string[] = [];
  const outgoing: Outgoing = {
    ...real,
    request(request) {
      asked.push(request.url);
      const { pathname, search } = new URL(request.url);
      return real.request({ ...request, url: `${receiver.url}${pathname}${search}` });
    },
  };
  const result = await kind.send({ settings, message: sent, outgoing, at: AT, browsers }).then(
    (given) => ({ answer: given, error: undefined }),
    (reason: unknown) => {
      if (reason instanceof DeliveryError) return { answer: undefined, error: reason };
      throw reason;
    },
  );
  const requests = receiver.requests.map((request, index) => ({ ...request, url: asked[index] ?? '' }));
  return { ...result, requests };
}

/** The only request's body as JSON. */
export function bodyOf({ requests }: Sent): unknown {
  if (requests.length !== 1) throw new Error(`${requests.length} requests instead of one`);
  return JSON.parse(requests[0]?.body ?? '');
}

/** A text in the only request's body, by the names and numbers that lead to it. */
export function textIn(sent: Sent, ...path: readonly (string | number)[]): string {
  const found = path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null
        ? Object.entries(value).find(([name]) => name === String(key))?.[1]
        : undefined,
    bodyOf(sent),
  );
  if (typeof found !== 'string') throw new Error(`no text at ${path.join('.')}`);
  return found;
}
