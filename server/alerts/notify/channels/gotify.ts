/** Gotify: https://gotify.net/docs/pushmsg, with its extras: https://gotify.net/docs/msgextras */
import { z } from 'zod';
import { channelKind, type OutgoingReply } from '../channel.ts';
import { requiredText, serverAddress, setting } from '../channel-settings.ts';
import type { Problem } from '../delivery-problem.ts';
import { jsonRequest, readJson } from '../json-request.ts';
import { toneOf } from '../message.ts';
import { lineOf, MARKDOWN, messageText } from '../message-text.ts';

/** Gotify names no limit; a phone shows no more than this anyway. */
const MAX_MESSAGE = 8000;
const MAX_TITLE = 500;

/** From 0 to 10: from 4 with a sound, from 8 over the lock screen. */
const PRIORITIES = { critical: 8, warning: 5, good: 4, neutral: 4 } as const;

const errorReply = z.object({ errorCode: z.number(), errorDescription: z.string() });

function problemIn(reply: OutgoingReply): Problem | undefined {
  const error = readJson(reply, errorReply);
  if (error === undefined || reply.status < 300) return undefined;
  return reply.status === 401 || reply.status === 403
    ? {
        text: 'Gotify does not accept the token. Enter that of an application; a client’s token cannot send.',
      }
    : { text: `Gotify says: ${error.errorDescription}.`, refused: reply.status === 400 };
}

export const gotify = channelKind({
  kind: 'gotify',
  name: 'Gotify',
  about: 'In Gotify, create an application under Apps and enter its token.',
  settings: z.strictObject({
    server: setting(serverAddress, { label: 'Server', placeholder: 'https://gotify.example.com' }),
    token: setting(requiredText, { label: 'Application token', secret: true }),
  }),
  send({ settings: { server, token }, message, outgoing }) {
    const body = {
      title: lineOf(message.title, MAX_TITLE),
      message: messageText(message, MAX_MESSAGE, MARKDOWN),
      priority: PRIORITIES[toneOf(message)],
      extras: {
        'client::display': { contentType: 'text/markdown' },
        'client::notification': { click: { url: message.url } },
      },
    };
    const headers = { 'x-gotify-key': token };
    return outgoing.request(jsonRequest(`${server}/message`, body, { headers, problemIn }));
  },
});
