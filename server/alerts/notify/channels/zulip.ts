/**
 * Zulip, by a bot: https://zulip.com/api/send-message
 * A message takes 10,000 characters, a topic 60.
 */
import { z } from 'zod';
import { channelKind, type OutgoingReply } from '../channel.ts';
import { requiredText, serverAddress, setting } from '../channel-settings.ts';
import { boundedRetry, type Problem } from '../delivery-problem.ts';
import { readJson } from '../json-request.ts';
import { bytesOf, lineOf, MARKDOWN, messageText, type Markup } from '../message-text.ts';

const MAX_CONTENT = 9000;
const MAX_TITLE = 500;
const MAX_TOPIC = 60;
const MARKUP: Markup = { ...MARKDOWN, size: bytesOf };

/** `retry-after` is in seconds. */
const errorReply = z.object({
  result: z.literal('error'),
  msg: z.string(),
  code: z.string(),
  'retry-after': z.number().optional(),
});

function problemIn(reply: OutgoingReply): Problem | undefined {
  const error = readJson(reply, errorReply);
  if (error === undefined) return undefined;
  if (error['retry-after'] !== undefined)
    return {
      text: 'Zulip takes no more messages for a moment.',
      retryAfterMs: boundedRetry(error['retry-after'] * 1000),
    };
  if (error.code === 'STREAM_DOES_NOT_EXIST')
    return {
      text: 'Zulip has no such channel, or the bot may not see it. Check its name, and subscribe the bot.',
    };
  if (error.code === 'UNAUTHORIZED' || error.code === 'INVALID_API_KEY' || reply.status === 401)
    return { text: 'Zulip does not accept the bot and its key. Enter valid ones.' };
  return { text: `Zulip refused this message: ${error.msg}`, refused: reply.status === 400 };
}

export const zulip = channelKind({
  kind: 'zulip',
  name: 'Zulip',
  about:
    'In Zulip, under Personal settings, Bots, add an incoming webhook bot; its e-mail address and key are shown there. Each outage becomes a topic.',
  settings: z.strictObject({
    server: setting(serverAddress, { label: 'Server', placeholder: 'https://example.zulipchat.com' }),
    bot: setting(requiredText, {
      label: "Bot's e-mail address",
      placeholder: 'watchfloor-bot@example.zulipchat.com',
    }),
    api_key: setting(requiredText, { label: "Bot's key", secret: true }),
    channel: setting(requiredText, { label: 'Channel', placeholder: 'operations' }),
  }),
  send({ settings: { server, bot, api_key, channel }, message, outgoing }) {
    const title = lineOf(message.title, MAX_TITLE, MARKUP);
    const form = new URLSearchParams({
      type: 'stream',
      to: channel,
      topic: lineOf(message.subject === '' ? message.title : message.subject, MAX_TOPIC),
      content: `**[${title}](${message.url})**\n\n${messageText(message, MAX_CONTENT, MARKUP)}`,
    });
    const login = Buffer.from(`${bot}:${api_key}`).toString('base64');
    return outgoing.request({
      url: `${server}/api/v1/messages`,
      headers: { authorization: `Basic ${login}`, 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
      problemIn,
    });
  },
});
