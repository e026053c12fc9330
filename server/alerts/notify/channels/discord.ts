/**
 * Discord, by webhooks: https://docs.discord.com/developers/resources/webhook#execute-webhook
 * An embed takes a title of 256 and a description of 4,096 characters.
 */
import { z } from 'zod';
import { channelKind, type OutgoingReply } from '../channel.ts';
import { optionalText, setting, webAddress } from '../channel-settings.ts';
import { boundedRetry, type Problem } from '../delivery-problem.ts';
import { jsonRequest, readJson } from '../json-request.ts';
import { TONE_COLOURS, toneOf } from '../message.ts';
import { lineOf, MARKDOWN, messageText } from '../message-text.ts';

const MAX_TITLE = 256;
const MAX_DESCRIPTION = 4096;

/** `code` is Discord's own number of the error; `retry_after` is in seconds. */
const errorReply = z.object({
  message: z.string(),
  code: z.number().optional(),
  retry_after: z.number().optional(),
});
const UNKNOWN_WEBHOOK = 10_015;
const UNKNOWN_CHANNEL = 10_003;

function problemIn(reply: OutgoingReply): Problem | undefined {
  if (reply.status < 300) return undefined;
  const error = readJson(reply, errorReply);
  if (error?.code === UNKNOWN_WEBHOOK)
    return { text: 'Discord no longer has this webhook. Create a new one and enter its address.' };
  if (error?.code === UNKNOWN_CHANNEL)
    return {
      text: 'Discord does not know this thread. Enter the number of one in the channel of the webhook.',
    };
  if (error?.retry_after === undefined) return undefined;
  return {
    text: 'Discord takes no more messages for a moment.',
    retryAfterMs: boundedRetry(error.retry_after * 1000),
  };
}

export const discord = channelKind({
  kind: 'discord',
  name: 'Discord',
  about: "In the channel's settings in Discord, under Integrations, create a webhook and copy its address.",
  settings: z.strictObject({
    url: setting(webAddress, {
      label: 'Webhook address',
      placeholder: 'https://discord.com/api/webhooks/…',
      secret: true,
    }),
    thread_id: setting(optionalText, {
      label: 'Thread',
      hint: 'The number of a thread in the channel; empty for the channel itself.',
    }),
  }),
  send({ settings: { url, thread_id }, message, outgoing }) {
    const target = new URL(url);
    // With it, Discord answers whether the message was posted.
    target.searchParams.set('wait', 'true');
    if (thread_id !== '') target.searchParams.set('thread_id', thread_id);
    const embed = {
      title: lineOf(message.title, MAX_TITLE, MARKDOWN),
      url: message.url,
      description: messageText(message, MAX_DESCRIPTION, MARKDOWN),
      color: Number.parseInt(TONE_COLOURS[toneOf(message)].slice(1), 16),
      timestamp: new Date(message.at).toISOString(),
    };
    const body = { username: 'Watchfloor', embeds: [embed], allowed_mentions: { parse: [] } };
    return outgoing.request(jsonRequest(target.href, body, { problemIn }));
  },
});
