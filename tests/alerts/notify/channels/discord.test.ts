import { describe, expect, it } from 'vitest';
import { discord } from '../../../../server/alerts/notify/channels/discord.ts';
import {
  alertOf,
  bodyOf,
  hostileMessage,
  message,
  outage,
  RESOLVED,
  sendThrough,
  textIn,
  WEB_URL,
} from '../channel-stage.ts';

const SETTINGS = { url: 'https://discord.com/api/webhooks/123/abcdEFGH' };

describe('discord', () => {
  it('a Discord channel posts an embed and waits for its answer when an alert fires', async () => {
    const sent = await sendThrough(discord, SETTINGS, message(), { answer: () => ({ body: { id: '1' } }) });
    expect(sent.requests).toMatchObject([{ method: 'POST', url: `${SETTINGS.url}?wait=true` }]);
    expect(bodyOf(sent)).toEqual({
      username: 'Watchfloor',
      embeds: [
        {
          title: 'Critical: web-1, CPU 97 %, above 90 %',
          url: `${WEB_URL}/alerts/alert-1`,
          description: `**[web-1](${WEB_URL}/alerts/alert-1)**: CPU 97 %, above 90 %\nCPU high, since 26 Nov, 14:07:09 UTC`,
          color: 0xcb2526,
          timestamp: '2026-11-26T14:07:09.000Z',
        },
      ],
      allowed_mentions: { parse: [] },
    });
  });

  it('a Discord channel posts a green embed into the thread when it is resolved', async () => {
    const resolved = message('resolved', { alerts: [alertOf(RESOLVED)] });
    const sent = await sendThrough(discord, { ...SETTINGS, thread_id: '42' }, resolved);
    expect(sent.requests[0]?.url).toBe(`${SETTINGS.url}?wait=true&thread_id=42`);
    expect(bodyOf(sent)).toMatchObject({ embeds: [{ color: 0x1a8748 }] });
  });

  it('[S6] a machine called @everyone calls nobody', async () => {
    const { requests } = await sendThrough(discord, SETTINGS, hostileMessage());
    expect(requests[0]?.body).not.toContain('@everyone');
  });

  it('[A5] a description has at most 4,096 characters and counts the rest', async () => {
    const text = textIn(await sendThrough(discord, SETTINGS, outage(500)), 'embeds', 0, 'description');
    expect(text.length).toBeLessThanOrEqual(4096);
    expect(text).toMatch(/\[and \d+ more\]\(/);
  });

  it('a Discord channel waits as long as a 429 asks in its body, in fractions of seconds', async () => {
    const body = { message: 'You are being rate limited.', retry_after: 1.25, global: false };
    const { error } = await sendThrough(discord, SETTINGS, message(), {
      answer: () => ({ status: 429, headers: { 'retry-after': '2' }, body }),
    });
    expect(error?.retryAfterMs).toBe(1250);
    expect(error?.message).toContain('Discord takes no more messages for a moment.');
  });

  it('a Discord channel says that the webhook is gone', async () => {
    const body = { message: 'Unknown Webhook', code: 10015 };
    const { error } = await sendThrough(discord, SETTINGS, message(), {
      answer: () => ({ status: 404, body }),
    });
    expect(error?.message).toContain('Discord no longer has this webhook.');
    expect(error?.refused).toBe(false);
  });
});
