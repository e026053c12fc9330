import { describe, expect, it } from 'vitest';
import { telegram } from '../../../../server/alerts/notify/channels/telegram.ts';
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

const SETTINGS = { token: '123456:ABC-def', chat_id: '-100123' };
const OPEN = `<a href="${WEB_URL}/alerts/alert-1">Open in Watchfloor</a>`;

const refusal = (status: number, description: string, parameters?: object) => ({
  answer: () => ({ status, body: { ok: false, error_code: status, description, parameters } }),
});

describe('telegram', () => {
  it('a Telegram channel calls sendMessage of the bot when an alert fires', async () => {
    const sent = await sendThrough(telegram, SETTINGS);
    expect(sent.requests).toMatchObject([
      { method: 'POST', url: 'https://api.telegram.org/bot123456:ABC-def/sendMessage' },
    ]);
    expect(bodyOf(sent)).toEqual({
      chat_id: '-100123',
      text: `<b>Critical: web-1, CPU 97 %, above 90 %</b>\n\n<b><a href="${WEB_URL}/alerts/alert-1">web-1</a></b>: CPU 97 %, above 90 %\nCPU high, since 26 Nov, 14:07:09 UTC\n\n${OPEN}`,
      parse_mode: 'HTML',
      link_preview_options: { is_disabled: true },
      disable_notification: false,
    });
  });

  it('a Telegram channel writes into a topic, and quietly where that is wanted, when it is resolved', async () => {
    const resolved = message('resolved', { alerts: [alertOf(RESOLVED)] });
    const body = bodyOf(await sendThrough(telegram, { ...SETTINGS, thread_id: 7, quiet: true }, resolved));
    expect(body).toMatchObject({ message_thread_id: 7, disable_notification: true });
  });

  it('[S6] markup in names is shown as it is', async () => {
    const body = bodyOf(await sendThrough(telegram, SETTINGS, hostileMessage()));
    expect(JSON.stringify(body)).toContain('&lt;b&gt;&amp;amp;&lt;/b&gt;');
  });

  it('[A5] a message has at most 4,096 characters and counts the rest', async () => {
    const text = textIn(await sendThrough(telegram, SETTINGS, outage(500)), 'text');
    expect(text.length).toBeLessThanOrEqual(4096);
    expect(text).toMatch(/>and \d+ more</);
  });

  it.each([
    [429, 'Too Many Requests: retry after 17', 'Telegram takes no more messages', false],
    [401, 'Unauthorized', 'does not know this bot', false],
    [404, 'Not Found', 'does not know this bot', false],
    [400, 'Bad Request: chat not found', 'cannot write to this chat', false],
    [403, 'Forbidden: bot was blocked by the user', 'cannot write to this chat', false],
    [400, "Bad Request: can't parse entities", 'refused this message', true],
  ])('%d %s is told in words', async (status, description, words, refused) => {
    const parameters = status === 429 ? { retry_after: 17 } : undefined;
    const { error } = await sendThrough(
      telegram,
      SETTINGS,
      message(),
      refusal(status, description, parameters),
    );
    expect(error?.message).toContain(words);
    expect(error?.refused).toBe(refused);
    expect(error?.retryAfterMs).toBe(status === 429 ? 17_000 : undefined);
  });

  it('a Telegram channel names the new number of a group that became a supergroup', async () => {
    const answer = refusal(400, 'Bad Request: group chat was upgraded', { migrate_to_chat_id: -1009 });
    expect((await sendThrough(telegram, SETTINGS, message(), answer)).error?.message).toContain(
      'Enter -1009 as',
    );
  });
});
