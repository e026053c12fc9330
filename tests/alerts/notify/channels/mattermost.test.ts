import { describe, expect, it } from 'vitest';
import { mattermost } from '../../../../server/alerts/notify/channels/mattermost.ts';
import { bodyOf, hostileMessage, message, outage, sendThrough, textIn, WEB_URL } from '../channel-stage.ts';

const SETTINGS = { url: 'https://mattermost.example.com/hooks/abcdefgh12345678' };

describe('mattermost', () => {
  it('a Mattermost channel posts an attachment to the webhook', async () => {
    const sent = await sendThrough(mattermost, { ...SETTINGS, channel: 'ops' }, message(), {
      answer: () => ({ body: 'ok' }),
    });
    expect(sent.requests).toMatchObject([{ method: 'POST', url: SETTINGS.url }]);
    expect(bodyOf(sent)).toEqual({
      username: 'Watchfloor',
      channel: 'ops',
      attachments: [
        {
          fallback: 'Critical: web-1, CPU 97 %, above 90 %',
          color: '#cb2526',
          title: 'Critical: web-1, CPU 97 %, above 90 %',
          title_link: `${WEB_URL}/alerts/alert-1`,
          text: `**[web-1](${WEB_URL}/alerts/alert-1)**: CPU 97 %, above 90 %\nCPU high, since 26 Nov, 14:07:09 UTC`,
        },
      ],
    });
  });

  it('[S6] a machine called @all calls nobody', async () => {
    const { requests } = await sendThrough(mattermost, SETTINGS, hostileMessage());
    expect(requests[0]?.body).not.toMatch(/@all|@everyone/);
  });

  it('[A5] a text has at most 16,383 characters and counts the rest', async () => {
    const text = textIn(await sendThrough(mattermost, SETTINGS, outage(500)), 'attachments', 0, 'text');
    expect(text.length).toBeLessThanOrEqual(16_383);
    expect(text).toMatch(/\[and \d+ more\]/);
  });

  it.each([
    [400, 'web.incoming_webhook.invalid.app_error', 'Invalid webhook.', 'does not take this webhook', false],
    [400, 'web.incoming_webhook.text.app_error', 'No text.', 'does not take this webhook', false],
    [400, 'api.post.create_post.too_long', 'Too long.', 'refused this message: Too long.', true],
  ])('%d %s is told in words', async (status, id, text, words, refused) => {
    const answer = () => ({ status, body: { id, message: text, status_code: status } });
    const { error } = await sendThrough(mattermost, SETTINGS, message(), { answer });
    expect(error?.message).toContain(words);
    expect(error?.refused).toBe(refused);
  });
});
