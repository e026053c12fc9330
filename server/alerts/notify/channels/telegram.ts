/**
 * Telegram, by a bot: https://core.telegram.org/bots/api#sendmessage
 * A message takes 4,096 characters.
 */
import { z } from 'zod';
import { channelKind, type OutgoingReply } from '../channel.ts';
import { requiredText, serverAddress, setting } from '../channel-settings.ts';
import { boundedRetry, type Problem } from '../delivery-problem.ts';
import { jsonRequest, readJson } from '../json-request.ts';
import { toneOf } from '../message.ts';
import { HTML, lineOf, messageText } from '../message-text.ts';

const MAX_TEXT = 4096;
const MAX_TITLE = 500;

const errorReply = z.object({
  ok: z.literal(false),
  description: z.string(),
  parameters: z
    .object({ retry_after: z.number().optional(), migrate_to_chat_id: z.number().optional() })
    .optional(),
});

function problemIn(reply: OutgoingReply): Problem | undefined {
  const error = readJson(reply, errorReply);
  if (error === undefined) return undefined;
  const { description, parameters } = error;
  if (parameters?.retry_after !== undefined)
    return {
      text: 'Telegram takes no more messages for a moment.',
      retryAfterMs: boundedRetry(parameters.retry_after * 1000),
    };
  if (parameters?.migrate_to_chat_id !== undefined)
    return { text: `The group has become another chat. Enter ${parameters.migrate_to_chat_id} as the chat.` };
  if (reply.status === 401 || reply.status === 404)
    return { text: 'Telegram does not know this bot. Enter the token that BotFather shows.' };
  if (/chat not found|chat_id|thread not found|kicked|blocked|not a member|rights/i.test(description))
    return {
      text: 'The bot cannot write to this chat. Add it to the chat, or start a chat with it, and check the number of the chat.',
    };
  return reply.status === 400 ? { text: 'Telegram refused this message.', refused: true } : undefined;
}

export const telegram = channelKind({
  kind: 'telegram',
  name: 'Telegram',
  about:
    'Create a bot with @BotFather and enter its token. Add the bot to the chat; the number of the chat is shown by api.telegram.org/bot<token>/getUpdates after a message in it.',
  settings: z.strictObject({
    token: setting(requiredText, { label: 'Bot token', placeholder: '123456:ABC-…', secret: true }),
    chat_id: setting(requiredText, { label: 'Chat', placeholder: '-1001234567890 or @channel' }),
    thread_id: setting(z.number().int().positive().nullable().default(null), {
      label: 'Topic',
      hint: 'The number of a topic in the group; empty for none.',
    }),
    quiet: setting(z.boolean().default(false), {
      label: 'Quiet unless critical',
      hint: 'Warnings and good news arrive without a sound.',
    }),
    server: setting(serverAddress.default('https://api.telegram.org'), {
      label: 'Bot API server',
      hint: 'Only where you run your own.',
    }),
  }),
  send({ settings: { token, chat_id, thread_id, quiet, server }, message, outgoing }) {
    const title = `<b>${lineOf(message.title, MAX_TITLE, HTML)}</b>\n\n`;
    const open = `\n\n<a href="${message.url}">Open in Watchfloor</a>`;
    const text = messageText(message, MAX_TEXT - title.length - open.length, HTML);
    const body = {
      chat_id,
      ...(thread_id === null ? {} : { message_thread_id: thread_id }),
      text: `${title}${text}${open}`,
      parse_mode: 'HTML',
      link_preview_options: { is_disabled: true },
      disable_notification: quiet && toneOf(message) !== 'critical',
    };
    return outgoing.request(jsonRequest(`${server}/bot${token}/sendMessage`, body, { problemIn }));
  },
});
