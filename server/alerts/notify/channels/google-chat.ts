/**
 * Google Chat, by incoming webhooks, with a card: https://developers.google.com/workspace/chat/quickstart/webhooks
 * A message takes 32,000 bytes. Messages with the same key of a thread answer one another.
 */
import { z } from 'zod';
import { channelKind, type OutgoingReply } from '../channel.ts';
import { setting, webAddress } from '../channel-settings.ts';
import type { Problem } from '../delivery-problem.ts';
import { jsonRequest, readJson } from '../json-request.ts';
import { bytesOf, HTML, lineOf, messageText, PLAIN, type Markup } from '../message-text.ts';

const MAX_TEXT = 26_000;
const MAX_TITLE = 1000;

const CARD_MARKUP: Markup = { ...HTML, lineBreak: '<br>', size: (text) => bytesOf(JSON.stringify(text)) };

const errorReply = z.object({ error: z.object({ status: z.string(), message: z.string() }) });

function problemIn(reply: OutgoingReply): Problem | undefined {
  const error = readJson(reply, errorReply)?.error;
  if (error?.status === 'NOT_FOUND' || error?.status === 'PERMISSION_DENIED')
    return {
      text: 'Google Chat no longer has this space or webhook. Create a new webhook and enter its address.',
    };
  if (error?.status === 'UNAUTHENTICATED' || /API key/i.test(error?.message ?? ''))
    return { text: 'The address of the webhook is not whole. Copy it again, with its key and token.' };
  return undefined;
}

export const googleChat = channelKind({
  kind: 'google-chat',
  name: 'Google Chat',
  about: 'In Google Chat, open the space, choose Apps & integrations, and add a webhook. Copy its address.',
  settings: z.strictObject({
    url: setting(webAddress, {
      label: 'Webhook address',
      placeholder: 'https://chat.googleapis.com/v1/spaces/…',
      secret: true,
    }),
  }),
  send({ settings: { url }, message, outgoing }) {
    const target = new URL(url);
    target.searchParams.set('messageReplyOption', 'REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD');
    const text = messageText(message, MAX_TEXT, CARD_MARKUP);
    const title = lineOf(message.title, MAX_TITLE, PLAIN);
    const button = { text: 'Open in Watchfloor', onClick: { openLink: { url: message.url } } };
    const widgets = [{ textParagraph: { text } }, { buttonList: { buttons: [button] } }];
    const body = {
      // For notifications; the card is not shown there.
      fallbackText: title,
      cardsV2: [{ cardId: message.id, card: { header: { title }, sections: [{ widgets }] } }],
      thread: { threadKey: message.thread },
    };
    return outgoing.request(jsonRequest(target.href, body, { problemIn }));
  },
});
