import { describe, expect, it } from 'vitest';
import { pushover } from '../../../../server/alerts/notify/channels/pushover.ts';
import { alertOf, AT, message, outage, RESOLVED, sendThrough, WEB_URL } from '../channel-stage.ts';

const SETTINGS = { user: 'uKey', token: 'aToken' };

/** The parameters of the only request. */
async function parametersOf(...args: Parameters<typeof sendThrough>): Promise<Record<string, string>> {
  const { requests } = await sendThrough(...args);
  return Object.fromEntries(new URLSearchParams(requests[0]?.body));
}

describe('pushover', () => {
  it('a Pushover channel posts to messages.json when an alert fires', async () => {
    const sent = await sendThrough(pushover, SETTINGS, message(), {
      answer: () => ({ body: { status: 1 } }),
    });
    expect(sent.requests).toMatchObject([
      { method: 'POST', url: 'https://api.pushover.net/1/messages.json' },
    ]);
    expect(Object.fromEntries(new URLSearchParams(sent.requests[0]?.body))).toEqual({
      token: 'aToken',
      user: 'uKey',
      title: 'Critical: web-1, CPU 97 %, above 90 %',
      message: '<b>web-1</b>: CPU 97 %, above 90 %\nCPU high, since 26 Nov, 14:07:09 UTC',
      html: '1',
      url: `${WEB_URL}/alerts/alert-1`,
      url_title: 'Open in Watchfloor',
      timestamp: String(AT / 1000),
      priority: '1',
    });
  });

  it('a Pushover channel repeats a critical alert until it is confirmed where that is wanted, and only that', async () => {
    const settings = { ...SETTINGS, emergency: true, device: 'phone' };
    const urgent = await parametersOf(pushover, settings);
    expect(urgent).toMatchObject({ priority: '2', retry: '60', expire: '3600', device: 'phone' });
    const resolved = message('resolved', { alerts: [alertOf(RESOLVED)] });
    const calm = await parametersOf(pushover, settings, resolved);
    expect(calm).toMatchObject({ priority: '-1' });
    expect(calm).not.toHaveProperty('retry');
  });

  it('[A5] a message has at most 1,024 characters and counts the rest', async () => {
    const { message: text = '' } = await parametersOf(pushover, SETTINGS, outage(500));
    expect(text.length).toBeLessThanOrEqual(1024);
    expect(text).toMatch(/and \d+ more$/);
  });

  it.each([
    [
      400,
      'user identifier is not a valid user, group, or subscribed user key',
      'does not take the keys',
      false,
    ],
    [400, 'application token is invalid', 'does not take the keys', false],
    [200, 'application token is invalid', 'does not take the keys', false],
    [400, 'message cannot be blank', 'refused this message', true],
    [429, 'over the limit', 'monthly limit', false],
  ])('%d with the status 0, %s, is told in words', async (status, text, words, refused) => {
    const answer = () => ({ status, body: { status: 0, errors: [text], request: 'r' } });
    const { error } = await sendThrough(pushover, SETTINGS, message(), { answer });
    expect(error?.message).toContain(words);
    expect(error?.refused).toBe(refused);
  });
});
