/**
 * Push messages to browsers, with the page closed too: RFC 8030 (push services), 8291 (encryption) and 8292 (VAPID).
 * A message takes 4,096 bytes when it is encrypted.
 */
import { createHash } from 'node:crypto';
import webPush from 'web-push';
import { z } from 'zod';
import {
  channelKind,
  DeliveryError,
  type Browsers,
  type Outgoing,
  type PushSubscription,
} from '../channel.ts';
import { setting } from '../channel-settings.ts';
import { toneOf, type Message } from '../message.ts';
import { bytesOf, lineOf, messageText, PLAIN_BESIDE, type Markup } from '../message-text.ts';

const MAX_TITLE = 300;
const MAX_BODY = 2000;
/** How long the push service keeps a message for a browser that is off, seconds. */
const KEEP_S = 6 * 3600;

const MARKUP: Markup = { ...PLAIN_BESIDE, size: (text) => bytesOf(JSON.stringify(text)) };

/** What the service worker gets and shows. */
export function pushPayload(message: Message): string {
  return JSON.stringify({
    id: message.id,
    title: lineOf(message.title, MAX_TITLE, MARKUP),
    body: messageText(message, MAX_BODY, MARKUP),
    url: message.url,
    /** A newer message of the same outage takes the place of the older one. */
    tag: message.thread,
    tone: toneOf(message),
  });
}

/** The request to one browser's push service. */
function requestTo({ endpoint, keys }: PushSubscription, message: Message, { keys: own, contact }: Browsers) {
  const details = webPush.generateRequestDetails({ endpoint, keys }, pushPayload(message), {
    vapidDetails: { subject: contact, ...own },
    TTL: KEEP_S,
    urgency: toneOf(message) === 'critical' ? 'high' : 'normal',
    // At most 32 characters of base64url. While a browser is off, a newer message of a topic replaces the older.
    topic: createHash('sha256').update(message.thread).digest('base64url').slice(0, 32),
    contentEncoding: 'aes128gcm',
  });
  const headers = Object.fromEntries(
    Object.entries(details.headers).map(([name, value]) => [name, String(value)]),
  );
  return { url: details.endpoint, headers, body: details.body ?? '' };
}

/** @throws {DeliveryError} where the push service did not take it */
async function sendTo(
  subscription: PushSubscription,
  message: Message,
  browsers: Browsers,
  outgoing: Outgoing,
): Promise<'sent' | 'gone'> {
  let isGone = false;
  try {
    await outgoing.request({
      ...requestTo(subscription, message, browsers),
      problemIn: ({ status }) => {
        isGone = status === 404 || status === 410;
        return undefined;
      },
    });
    return 'sent';
  } catch (error) {
    if (!isGone) throw error;
    browsers.onGone(subscription.endpoint);
    return 'gone';
  }
}

export const browser = channelKind({
  kind: 'browser',
  name: 'Browser notification',
  about:
    'Reaches the browsers in which people have allowed notifications on their own page here, also while Watchfloor is closed there.',
  settings: z.strictObject({
    users: setting(z.array(z.string().trim().max(200)).max(100).default([]), {
      label: 'People',
      hint: 'Their user names, one a line; empty for everybody who allowed notifications.',
    }),
  }),
  async send({ settings: { users }, message, outgoing, browsers }) {
    const wanted = browsers
      .subscriptions()
      .filter(({ username }) => users.length === 0 || users.includes(username));
    const results = await Promise.allSettled(
      wanted.map((subscription) => sendTo(subscription, message, browsers, outgoing)),
    );
    const sent = results.filter((result) => result.status === 'fulfilled' && result.value === 'sent').length;
    const failure = results.find((result) => result.status === 'rejected');
    if (sent === 0 && failure !== undefined) throw failure.reason;
    if (sent === 0)
      throw new DeliveryError(
        'No browser is registered for these people. Let them allow notifications on their own page.',
      );
    return {
      request: 'POST to the push services of the browsers',
      text: `Sent to ${sent} of ${wanted.length}`,
    };
  },
});
