/** A webhook: the message as JSON, signed, for programs of one's own. */
import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { channelKind } from '../channel.ts';
import { optionalText, setting, webAddress } from '../channel-settings.ts';
import { messageData } from '../message.ts';
import { messageText } from '../message-text.ts';

/** Of the text; every alert is in the list beside it. */
const MAX_TEXT = 50_000;

/** The signature of a body at this time: HMAC-SHA256 over `timestamp.body`, in hex. */
export function signatureOf(secret: string, timestampS: number, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestampS}.${body}`).digest('hex')}`;
}

export const webhook = channelKind({
  kind: 'webhook',
  name: 'Webhook',
  about:
    'Sends JSON to an address of yours. The same message always has the same Idempotency-Key. With a signing secret, X-Watchfloor-Signature is "sha256=" and the HMAC-SHA256 of the header X-Watchfloor-Timestamp (seconds), a dot and the body.',
  settings: z.strictObject({
    url: setting(webAddress, {
      label: 'Address',
      placeholder: 'https://example.com/hooks/watchfloor',
      secret: true,
    }),
    method: setting(z.enum(['POST', 'PUT']).default('POST'), { label: 'Method' }),
    secret: setting(optionalText, {
      label: 'Signing secret',
      hint: 'With it the receiver can tell that a message is from here. Leave it empty to send without a signature.',
      secret: true,
    }),
    authorization: setting(optionalText, {
      label: 'Authorization header',
      placeholder: 'Bearer …',
      secret: true,
    }),
  }),
  templateFormat: 'json',
  send({ settings: { url, method, secret, authorization }, message, outgoing, at }) {
    const builtIn = () => JSON.stringify({ ...messageData(message), text: messageText(message, MAX_TEXT) });
    const body = message.ownText ?? builtIn();
    const timestampS = Math.floor(at / 1000);
    return outgoing.request({
      url,
      method,
      body,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'idempotency-key': message.id,
        'x-watchfloor-timestamp': String(timestampS),
        ...(secret === '' ? {} : { 'x-watchfloor-signature': signatureOf(secret, timestampS, body) }),
        ...(authorization === '' ? {} : { authorization }),
      },
    });
  },
});
