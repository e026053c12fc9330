import { describe, expect, it } from 'vitest';
import { twilio } from '../../../../server/alerts/notify/channels/twilio.ts';
import { message, outage, sendThrough, WEB_URL } from '../channel-stage.ts';

const SID = `AC${'0'.repeat(32)}`;
const SETTINGS = { account_sid: SID, auth_token: 'secret', from: '+15017122661', to: '+491701234567' };

describe('twilio', () => {
  it('a Twilio channel posts a form to the messages of the account', async () => {
    const sent = await sendThrough(twilio, SETTINGS, message(), {
      answer: () => ({ status: 201, body: { sid: 'SM1' } }),
    });
    expect(sent.requests).toMatchObject([
      {
        method: 'POST',
        url: `https://api.twilio.com/2010-04-01/Accounts/${SID}/Messages.json`,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          authorization: `Basic ${Buffer.from(`${SID}:secret`).toString('base64')}`,
        },
      },
    ]);
    expect(Object.fromEntries(new URLSearchParams(sent.requests[0]?.body))).toEqual({
      To: '+491701234567',
      From: '+15017122661',
      Body: `Critical: web-1, CPU 97 %, above 90 %\nweb-1: CPU 97 %, above 90 %\nCPU high, since 26 Nov, 14:07:09 UTC\n\n${WEB_URL}/alerts/alert-1`,
    });
  });

  it('a Twilio channel sends by a messaging service where its SID is the sender', async () => {
    const { requests } = await sendThrough(twilio, { ...SETTINGS, from: 'MG123' });
    expect(new URLSearchParams(requests[0]?.body).get('MessagingServiceSid')).toBe('MG123');
  });

  it.each([undefined, 160, 1600])(
    '[A5] a message has at most the characters that are paid for: %s',
    async (max) => {
      const { requests } = await sendThrough(twilio, { ...SETTINGS, max_chars: max }, outage(500));
      const body = new URLSearchParams(requests[0]?.body).get('Body') ?? '';
      expect(body.length).toBeLessThanOrEqual(max ?? 459);
      expect(body).toContain('500 machines');
      expect(body).toMatch(/and \d+ more: /);
    },
  );

  it.each([
    [401, 20003, 'Authenticate', 'does not accept the account', false],
    [400, 21211, "Invalid 'To' Phone Number", 'number of the recipient is not valid', false],
    [400, 21610, 'Attempt to send to unsubscribed recipient', 'has answered STOP', false],
    [
      400,
      21617,
      'The concatenated message body exceeds the 1600 character limit',
      'refused this message',
      true,
    ],
    [429, 20429, 'Too Many Requests', 'asks to try again later', false],
  ])('%d with code %d is told in words', async (status, code, text, words, refused) => {
    const answer = () => ({ status, body: { code, message: text, more_info: 'https://…', status } });
    const { error } = await sendThrough(twilio, SETTINGS, message(), { answer });
    expect(error?.message).toContain(words);
    expect(error?.refused).toBe(refused);
  });
});
