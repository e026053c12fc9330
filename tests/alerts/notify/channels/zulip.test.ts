import { describe, expect, it } from 'vitest';
import { zulip } from '../../../../server/alerts/notify/channels/zulip.ts';
import {
  alertOf,
  hostileMessage,
  message,
  outage,
  RESOLVED,
  sendThrough,
  WEB_URL,
} from '../channel-stage.ts';

const SETTINGS = {
  server: 'https://example.zulipchat.com',
  bot: 'bot@example.com',
  api_key: 'k3y',
  channel: 'operations',
};

const sendForm = async (sent = message()) => {
  const { requests } = await sendThrough(zulip, SETTINGS, sent);
  return Object.fromEntries(new URLSearchParams(requests[0]?.body));
};

describe('zulip', () => {
  it('a Zulip channel posts to the topic of the outage when an alert fires', async () => {
    const sent = await sendThrough(zulip, SETTINGS, message(), {
      answer: () => ({ body: { result: 'success', msg: '', id: 42 } }),
    });
    expect(sent.requests).toMatchObject([
      {
        method: 'POST',
        url: 'https://example.zulipchat.com/api/v1/messages',
        headers: { authorization: `Basic ${Buffer.from('bot@example.com:k3y').toString('base64')}` },
      },
    ]);
    const url = `${WEB_URL}/alerts/alert-1`;
    expect(Object.fromEntries(new URLSearchParams(sent.requests[0]?.body))).toEqual({
      type: 'stream',
      to: 'operations',
      topic: 'web-1, CPU',
      content: `**[Critical: web-1, CPU 97 %, above 90 %](${url})**\n\n**[web-1](${url})**: CPU 97 %, above 90 %\nCPU high, since 26 Nov, 14:07:09 UTC`,
    });
  });

  it('a Zulip channel says in the same topic that it is resolved', async () => {
    const form = await sendForm(message('resolved', { alerts: [alertOf(RESOLVED)], number: 2 }));
    expect(form).toMatchObject({
      topic: 'web-1, CPU',
      content: expect.stringMatching(/^\*\*\[Resolved: web-1/),
    });
  });

  it('[S6] names in a Zulip message call nobody, and [A5] a message has at most 10,000 characters and counts the rest', async () => {
    expect((await sendForm(hostileMessage())).content).not.toMatch(/@everyone|@all/);
    const { content = '' } = await sendForm(outage(500));
    expect(content.length).toBeLessThanOrEqual(10_000);
    expect(content).toMatch(/\[and \d+ more\]/);
  });

  it.each([
    [401, 'UNAUTHORIZED', 'does not accept the bot', false],
    [400, 'STREAM_DOES_NOT_EXIST', 'has no such channel', false],
    [400, 'BAD_REQUEST', 'refused this message', true],
    [429, 'RATE_LIMIT_HIT', 'takes no more messages', false],
  ])('%d %s is told in words', async (status, code, words, refused) => {
    const wait = status === 429 ? { 'retry-after': 28.7 } : {};
    const answer = () => ({ status, body: { result: 'error', msg: 'no', code, ...wait } });
    const { error } = await sendThrough(zulip, SETTINGS, message(), { answer });
    expect(error?.message).toContain(words);
    expect(error?.refused).toBe(refused);
    expect(error?.retryAfterMs).toBe(status === 429 ? 28_700 : undefined);
  });
});
