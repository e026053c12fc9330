import { describe, expect, it } from 'vitest';
import { ntfy } from '../../../../server/alerts/notify/channels/ntfy.ts';
import {
  alertOf,
  bodyOf,
  message,
  outage,
  RESOLVED,
  sendThrough,
  textIn,
  WEB_URL,
} from '../channel-stage.ts';

const SETTINGS = { topic: 'floor-x7', token: 'tk_1' };

describe('ntfy', () => {
  it('an ntfy channel publishes JSON to the root of the server when an alert fires', async () => {
    const sent = await sendThrough(ntfy, SETTINGS, message(), { answer: () => ({ body: { id: 'x' } }) });
    expect(sent.requests).toMatchObject([
      { method: 'POST', url: 'https://ntfy.sh/', headers: { authorization: 'Bearer tk_1' } },
    ]);
    const url = `${WEB_URL}/alerts/alert-1`;
    expect(bodyOf(sent)).toEqual({
      topic: 'floor-x7',
      title: 'Critical: web-1, CPU 97 %, above 90 %',
      message: 'web-1: CPU 97 %, above 90 %\nCPU high, since 26 Nov, 14:07:09 UTC',
      priority: 5,
      tags: ['rotating_light'],
      click: url,
      actions: [{ action: 'view', label: 'Open in Watchfloor', url, clear: true }],
    });
  });

  it('a resolved alert has the usual priority, and no token is sent where there is none', async () => {
    const resolved = message('resolved', { alerts: [alertOf(RESOLVED)] });
    const sent = await sendThrough(ntfy, { topic: 'x', server: 'https://push.example.com/' }, resolved);
    expect(bodyOf(sent)).toMatchObject({ priority: 3, tags: ['white_check_mark'] });
    expect(sent.requests[0]?.url).toBe('https://push.example.com/');
    expect(sent.requests[0]?.headers.authorization).toBeUndefined();
  });

  it('[A5] a message has at most 4,096 bytes, as a longer one would become a file, and counts the rest', async () => {
    const text = textIn(await sendThrough(ntfy, SETTINGS, outage(500)), 'message');
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096);
    expect(text).toMatch(/and \d+ more$/);
  });

  it.each([
    [401, 40101, 'unauthorized', 'does not accept the access token', false],
    [403, 40301, 'forbidden', 'lets this account not write', false],
    [400, 40009, 'invalid request: topic invalid', 'does not allow this topic', false],
    [429, 42908, 'limit reached: too many messages', 'daily limit', false],
    [400, 40018, 'invalid request: actions invalid', 'refused this message', true],
  ])('%d with code %d is told in words', async (status, code, text, words, refused) => {
    const answer = () => ({ status, body: { code, http: status, error: text } });
    const { error } = await sendThrough(ntfy, SETTINGS, message(), { answer });
    expect(error?.message).toContain(words);
    expect(error?.refused).toBe(refused);
  });
});
