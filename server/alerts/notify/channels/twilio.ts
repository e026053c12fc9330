/**
 * SMS, by Twilio: https://www.twilio.com/docs/messaging/api/message-resource
 * A message takes 1,600 characters, in parts of 153, or of 67 with letters outside of the GSM alphabet.
 */
import { z } from 'zod';
import { channelKind, type OutgoingReply } from '../channel.ts';
import { requiredText, setting } from '../channel-settings.ts';
import type { Problem } from '../delivery-problem.ts';
import { readJson } from '../json-request.ts';
import { lineOf, messageText } from '../message-text.ts';

const MAX_MESSAGE = 1600;
const MAX_TITLE = 300;

const errorReply = z.object({ code: z.number(), message: z.string() });

/** Twilio's numbers of errors that are about the channel and not about the message. */
const PROBLEMS: Readonly<Record<number, string>> = {
  20003: 'Twilio does not accept the account and its token. Enter valid ones.',
  20404: 'Twilio does not know this account. Check the account SID.',
  21211: 'The number of the recipient is not valid. Enter it with the code of the country: +49…',
  21408: 'Your Twilio account may not send to that country. Allow it under Messaging, Geo permissions.',
  21606: 'The sender is no number of this account that can send SMS. Enter another one.',
  21608: 'A trial account sends only to numbers that are verified at Twilio. Verify the recipient.',
  21610: 'The recipient has answered STOP to this sender. They can answer START.',
  21614: 'The number of the recipient cannot get SMS. Enter a mobile number.',
};

function problemIn(reply: OutgoingReply): Problem | undefined {
  if (reply.status < 300) return undefined;
  const error = readJson(reply, errorReply);
  if (error === undefined) return undefined;
  const known = PROBLEMS[error.code];
  if (known !== undefined) return { text: known };
  return reply.status === 400
    ? { text: `Twilio refused this message: ${error.message}.`, refused: true }
    : undefined;
}

export const twilio = channelKind({
  kind: 'twilio',
  name: 'SMS (Twilio)',
  about:
    'Account SID and auth token are shown in the Twilio console. The sender is one of your numbers there, or the SID of a messaging service (MG…).',
  settings: z.strictObject({
    account_sid: setting(requiredText.regex(/^AC[0-9a-fA-F]{32}$/, 'begins with AC and has 34 characters'), {
      label: 'Account SID',
      placeholder: 'AC…',
    }),
    auth_token: setting(requiredText, { label: 'Auth token', secret: true }),
    from: setting(requiredText, { label: 'Sender', placeholder: '+15017122661 or MG…' }),
    to: setting(requiredText, { label: 'Recipient', placeholder: '+491701234567' }),
    max_chars: setting(z.number().int().min(160).max(MAX_MESSAGE).default(459), {
      label: 'Longest message, in characters',
      hint: 'Each 153 of them are paid as one SMS.',
    }),
  }),
  send({ settings: { account_sid, auth_token, from, to, max_chars }, message, outgoing }) {
    const title = lineOf(message.title, Math.min(MAX_TITLE, max_chars - 90));
    const text = messageText(message, max_chars - title.length - 1);
    const form = new URLSearchParams({
      To: to,
      ...(from.startsWith('MG') ? { MessagingServiceSid: from } : { From: from }),
      Body: `${title}\n${text}`,
    });
    const login = Buffer.from(`${account_sid}:${auth_token}`).toString('base64');
    return outgoing.request({
      url: `https://api.twilio.com/2010-04-01/Accounts/${account_sid}/Messages.json`,
      headers: { authorization: `Basic ${login}`, 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
      problemIn,
    });
  },
});
