import { describe, expect, it } from 'vitest';
import { googleChat } from '../../../../server/alerts/notify/channels/google-chat.ts';
import { bodyOf, hostileMessage, message, outage, sendThrough, textIn, WEB_URL } from '../channel-stage.ts';

const SETTINGS = { url: 'https://chat.googleapis.com/v1/spaces/AAAA/messages?key=k&token=t' };

describe('google-chat', () => {
  it('a Google Chat channel posts a card into the thread of the outage', async () => {
    const sent = await sendThrough(googleChat, SETTINGS);
    expect(sent.requests).toMatchObject([
      { method: 'POST', url: `${SETTINGS.url}&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD` },
    ]);
    const url = `${WEB_URL}/alerts/alert-1`;
    const title = 'Critical: web-1, CPU 97 %, above 90 %';
    const text = `<b><a href="${url}">web-1</a></b>: CPU 97 %, above 90 %<br>CPU high, since 26 Nov, 14:07:09 UTC`;
    const button = { text: 'Open in Watchfloor', onClick: { openLink: { url } } };
    expect(bodyOf(sent)).toEqual({
      fallbackText: title,
      cardsV2: [
        {
          cardId: 'notification-1',
          card: {
            header: { title },
            sections: [{ widgets: [{ textParagraph: { text } }, { buttonList: { buttons: [button] } }] }],
          },
        },
      ],
      thread: { threadKey: 'thread-1' },
    });
  });

  it('[A5] a message takes less than 32,000 bytes and counts the rest', async () => {
    const { requests } = await sendThrough(googleChat, SETTINGS, outage(500));
    expect(Buffer.byteLength(requests[0]?.body ?? '')).toBeLessThan(32_000);
    expect(requests[0]?.body).toMatch(/and \d+ more/);
  });

  it('[S6] mentions in names stay text', async () => {
    const path = ['cardsV2', 0, 'card', 'sections', 0, 'widgets', 0, 'textParagraph', 'text'];
    const text = textIn(await sendThrough(googleChat, SETTINGS, hostileMessage()), ...path);
    expect(text).toContain('&lt;users/all&gt;');
  });

  it.each([
    [404, 'NOT_FOUND', 'no longer has this space or webhook'],
    [403, 'PERMISSION_DENIED', 'no longer has this space or webhook'],
    [400, 'INVALID_ARGUMENT', 'refused this message'],
    [429, 'RESOURCE_EXHAUSTED', 'asks to try again later'],
  ])('%d %s is told in words', async (code, status, words) => {
    const answer = () => ({ status: code, body: { error: { code, status, message: 'no' } } });
    const { error } = await sendThrough(googleChat, SETTINGS, message(), { answer });
    expect(error?.message).toContain(words);
    expect(error?.refused).toBe(code === 400);
  });
});
