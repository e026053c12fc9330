/**
 * Mattermost, by incoming webhooks: https://developers.mattermost.com/integrate/webhooks/incoming/
 * A message takes 16,383 characters.
 */
import { z } from 'zod';
import { channelKind, type OutgoingReply } from '../channel.ts';
import { optionalText, setting, webAddress } from '../channel-settings.ts';
import type { Problem } from '../delivery-problem.ts';
import { jsonRequest, readJson } from '../json-request.ts';
import { TONE_COLOURS, toneOf } from '../message.ts';
import { lineOf, MARKDOWN, messageText } from '../message-text.ts';

const MAX_TEXT = 16_000;
const MAX_TITLE = 1000;

const errorReply = z.object({ id: z.string(), message: z.string() });

function problemIn(reply: OutgoingReply): Problem | undefined {
  if (reply.status < 300) return undefined;
  const error = readJson(reply, errorReply);
  if (error === undefined) return undefined;
  // Without a webhook of that key Mattermost answers 400, which otherwise is about the message.
  if (/incoming_webhook|web\.incoming_webhook\.invalid|store\.sql_webhooks/.test(error.id))
    return { text: `Mattermost does not take this webhook: ${error.message} Enter a valid one.` };
  return reply.status === 400
    ? { text: `Mattermost refused this message: ${error.message}`, refused: true }
    : undefined;
}

export const mattermost = channelKind({
  kind: 'mattermost',
  name: 'Mattermost',
  about:
    'In Mattermost, under Integrations, add an incoming webhook for the channel that is to get the messages. Copy its address.',
  settings: z.strictObject({
    url: setting(webAddress, {
      label: 'Webhook address',
      placeholder: 'https://mattermost.example.com/hooks/…',
      secret: true,
    }),
    channel: setting(optionalText, {
      label: 'Channel',
      hint: "Another channel by the name in its address, or @user; empty for the webhook's own.",
    }),
  }),
  send({ settings: { url, channel }, message, outgoing }) {
    const title = lineOf(message.title, MAX_TITLE, MARKDOWN);
    const attachment = {
      fallback: title,
      color: TONE_COLOURS[toneOf(message)],
      title,
      title_link: message.url,
      text: messageText(message, MAX_TEXT, MARKDOWN),
    };
    const body = {
      username: 'Watchfloor',
      ...(channel === '' ? {} : { channel }),
      attachments: [attachment],
    };
    return outgoing.request(jsonRequest(url, body, { problemIn }));
  },
});
