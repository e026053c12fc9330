/**
 * PagerDuty, by its Events API v2: https://developer.pagerduty.com/docs/events-api-v2-overview
 * All messages about one outage are about one incident, which they open, acknowledge and resolve.
 */
import { z } from 'zod';
import { channelKind, type OutgoingReply } from '../channel.ts';
import { requiredText, setting } from '../channel-settings.ts';
import type { Problem } from '../delivery-problem.ts';
import { jsonRequest, readJson } from '../json-request.ts';
import type { Message } from '../message.ts';
import { lineOf, messageText } from '../message-text.ts';

const MAX_SUMMARY = 1024;
/** An event takes 512 KB. */
const MAX_DETAILS = 100_000;

const ADDRESSES = {
  us: 'https://events.pagerduty.com/v2/enqueue',
  eu: 'https://events.eu.pagerduty.com/v2/enqueue',
} as const;

const errorReply = z.object({
  status: z.string(),
  message: z.string(),
  errors: z.array(z.string()).default([]),
});

function problemIn(reply: OutgoingReply): Problem | undefined {
  if (reply.status !== 400) return undefined;
  const error = readJson(reply, errorReply);
  if (error === undefined) return undefined;
  const errors = [error.message, ...error.errors].join('; ');
  return /routing_key|integration/i.test(errors)
    ? {
        text: `PagerDuty does not know this integration key: ${errors}. Enter that of an Events API v2 integration.`,
      }
    : { text: `PagerDuty refused this event: ${errors}.`, refused: true };
}

type Action = 'trigger' | 'acknowledge' | 'resolve';

/**
 * The events that a message is. A test leaves no incident open; an incident goes on while one of its alerts does.
 */
function actionsOf({ event, whole }: Message): readonly Action[] {
  switch (event) {
    case 'acknowledged':
      return whole ? ['acknowledge'] : [];
    case 'resolved':
      return whole ? ['resolve'] : [];
    case 'test':
    case 'watchdog':
      return ['trigger', 'resolve'];
    case 'firing':
    case 'repeated':
    case 'escalated':
    case 'undelivered':
      return ['trigger'];
  }
}

function payloadOf(message: Message) {
  const { title, severity, lines, event } = message;
  const [first] = lines;
  const isTest = event === 'test' || event === 'watchdog';
  const machines = new Set(lines.map(({ machine }) => machine)).size;
  return {
    summary: lineOf(title, MAX_SUMMARY),
    source: machines === 1 && first !== undefined ? first.machine : `${machines} machines`,
    severity: isTest ? 'info' : severity,
    timestamp: new Date(first?.alert.timestamp ?? message.at).toISOString(),
    ...(lines.length === 1 && first !== undefined
      ? { component: first.subject, class: first.alert.metric }
      : {}),
    custom_details: { alerts: messageText(message, MAX_DETAILS) },
  };
}

export const pagerduty = channelKind({
  kind: 'pagerduty',
  name: 'PagerDuty',
  about:
    'In PagerDuty, open the service, add an integration "Events API v2", and enter its integration key. Acknowledging and resolving here does so there too.',
  settings: z.strictObject({
    routing_key: setting(requiredText, { label: 'Integration key', secret: true }),
    region: setting(z.enum(['us', 'eu']).default('us'), {
      label: 'Service region',
      hint: 'eu where your PagerDuty is at eu.pagerduty.com.',
    }),
  }),
  async send({ settings: { routing_key, region }, message, outgoing }) {
    const post = (action: Action) => {
      const body = {
        routing_key,
        event_action: action,
        dedup_key: message.thread,
        ...(action === 'trigger'
          ? {
              payload: payloadOf(message),
              client: 'Watchfloor',
              client_url: message.url,
              links: [{ href: message.url, text: 'Open in Watchfloor' }],
            }
          : {}),
      };
      return outgoing.request(jsonRequest(ADDRESSES[region], body, { problemIn }));
    };
    let answer = { request: '', text: 'Not sent: other alerts of the incident go on.' };
    for (const action of actionsOf(message)) answer = await post(action);
    return answer;
  },
});
