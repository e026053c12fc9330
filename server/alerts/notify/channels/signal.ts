/** Signal, by a signal-cli-rest-api of one's own: https://bbernhard.github.io/signal-cli-rest-api/ */
import { z } from 'zod';
import { channelKind, type OutgoingReply } from '../channel.ts';
import { lines, optionalText, requiredText, serverAddress, setting } from '../channel-settings.ts';
import type { Problem } from '../delivery-problem.ts';
import { jsonRequest, readJson } from '../json-request.ts';
import { lineOf, messageText } from '../message-text.ts';

/** Signal shows so many characters; more of them have to be opened. */
const MAX_MESSAGE = 2000;
const MAX_TITLE = 500;

const errorReply = z.object({ error: z.string() });

function problemIn(reply: OutgoingReply): Problem | undefined {
  const error = readJson(reply, errorReply)?.error;
  if (error === undefined) return undefined;
  if (/not registered|no local users|user .* is not/i.test(error))
    return { text: 'The sending number is not registered with signal-cli. Register or link it first.' };
  if (/unregistered|invalid.*(recipient|number|group)|group not found/i.test(error))
    return { text: 'Signal does not know one of the recipients. Check their numbers and groups.' };
  if (/rate ?limit|captcha|429/i.test(error))
    return { text: 'Signal takes no more messages from this number for a while.' };
  return undefined;
}

export const signal = channelKind({
  kind: 'signal',
  name: 'Signal',
  about:
    'Run signal-cli-rest-api beside Watchfloor and register or link a number with it. Groups are listed by its GET /v1/groups.',
  settings: z.strictObject({
    server: setting(serverAddress, {
      label: 'Server of signal-cli-rest-api',
      hint: 'Where it runs on this machine or in a private network, switch on "Private network".',
      placeholder: 'http://127.0.0.1:8080',
    }),
    number: setting(requiredText, { label: 'Sending number', placeholder: '+491701234567' }),
    recipients: setting(lines, {
      label: 'Recipients',
      hint: 'Numbers or groups, one a line.',
      placeholder: '+491707654321',
    }),
    authorization: setting(optionalText, {
      label: 'Authorization header',
      hint: 'Where a proxy before it asks for one.',
      secret: true,
    }),
  }),
  send({ settings: { server, number, recipients, authorization }, message, outgoing }) {
    const title = lineOf(message.title, MAX_TITLE);
    const text = messageText(message, MAX_MESSAGE - title.length - 2);
    const body = { number, recipients, message: `${title}\n\n${text}`, text_mode: 'normal' };
    const headers = authorization === '' ? {} : { authorization };
    return outgoing.request(jsonRequest(`${server}/v2/send`, body, { headers, problemIn }));
  },
});
