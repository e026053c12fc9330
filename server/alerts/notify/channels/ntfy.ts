/**
 * ntfy, as JSON: https://docs.ntfy.sh/publish/#publish-as-json
 * A message takes 4,096 bytes; a longer one would arrive as a file.
 */
import { z } from 'zod';
import { channelKind, type OutgoingReply } from '../channel.ts';
import { optionalText, requiredText, serverAddress, setting } from '../channel-settings.ts';
import type { Problem } from '../delivery-problem.ts';
import { jsonRequest, readJson } from '../json-request.ts';
import { toneOf } from '../message.ts';
import { bytesOf, lineOf, messageText, PLAIN_BESIDE, type Markup } from '../message-text.ts';

const MAX_MESSAGE = 4096;
const MAX_TITLE = 250;
const TEXT: Markup = { ...PLAIN_BESIDE, size: bytesOf };

/** From 1 (no sound) to 5 (goes on until it is noticed). */
const PRIORITIES = { critical: 5, warning: 4, good: 3, neutral: 3 } as const;
/** ntfy shows these as pictures before the title. */
const TAGS = {
  critical: ['rotating_light'],
  warning: ['warning'],
  good: ['white_check_mark'],
  neutral: ['information_source'],
} as const;

const errorReply = z.object({ code: z.number(), error: z.string() });

function problemIn(reply: OutgoingReply): Problem | undefined {
  const code = readJson(reply, errorReply)?.code;
  if (code === 40_009 || code === 40_010)
    return { text: 'ntfy does not allow this topic. Enter one of letters, digits, _ and -, at most 64.' };
  if (code === 40_101) return { text: 'ntfy does not accept the access token. Enter a valid one.' };
  if (code === 40_301) return { text: 'ntfy lets this account not write to the topic. Allow it there.' };
  if (code === 42_908) return { text: 'The daily limit of messages at ntfy is used up.' };
  return undefined;
}

export const ntfy = channelKind({
  kind: 'ntfy',
  name: 'ntfy',
  about:
    'Choose a topic that nobody guesses and subscribe to it in the ntfy app. No account is needed at ntfy.sh.',
  settings: z.strictObject({
    server: setting(serverAddress.default('https://ntfy.sh'), { label: 'Server' }),
    topic: setting(requiredText.regex(/^[-_A-Za-z0-9]{1,64}$/, 'letters, digits, _ and -, at most 64'), {
      label: 'Topic',
      hint: 'Whoever knows it can read the messages.',
      secret: true,
    }),
    token: setting(optionalText, {
      label: 'Access token',
      hint: 'Where the server asks for one.',
      placeholder: 'tk_…',
      secret: true,
    }),
  }),
  send({ settings: { server, topic, token }, message, outgoing }) {
    const tone = toneOf(message);
    const body = {
      topic,
      title: lineOf(message.title, MAX_TITLE, TEXT),
      message: messageText(message, MAX_MESSAGE, TEXT),
      priority: PRIORITIES[tone],
      tags: TAGS[tone],
      click: message.url,
      actions: [{ action: 'view', label: 'Open in Watchfloor', url: message.url, clear: true }],
    };
    const headers = token === '' ? {} : { authorization: `Bearer ${token}` };
    return outgoing.request(jsonRequest(`${server}/`, body, { headers, problemIn }));
  },
});
