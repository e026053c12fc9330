import { describe, expect, it } from 'vitest';
import { matrix } from '../../../../server/alerts/notify/channels/matrix.ts';
import { bodyOf, message, outage, sendThrough, WEB_URL } from '../channel-stage.ts';

const SETTINGS = {
  homeserver: 'https://matrix.example.com/',
  room_id: '!abc:example.com',
  access_token: 'syt_secret',
};

describe('matrix', () => {
  it('a Matrix channel puts the message under its own transaction id, so that a second try is posted once', async () => {
    const sent = await sendThrough(matrix, SETTINGS, message(), {
      answer: () => ({ body: { event_id: '$1' } }),
    });
    expect(sent.requests).toMatchObject([
      {
        method: 'PUT',
        url: 'https://matrix.example.com/_matrix/client/v3/rooms/!abc%3Aexample.com/send/m.room.message/notification-1',
        headers: { authorization: 'Bearer syt_secret' },
      },
    ]);
    const url = `${WEB_URL}/alerts/alert-1`;
    expect(bodyOf(sent)).toEqual({
      msgtype: 'm.text',
      body: `Critical: web-1, CPU 97 %, above 90 %\n\nweb-1: CPU 97 %, above 90 %\nCPU high, since 26 Nov, 14:07:09 UTC\n\n${url}`,
      format: 'org.matrix.custom.html',
      formatted_body: `<b><a href="${url}">Critical: web-1, CPU 97 %, above 90 %</a></b><br><br><b><a href="${url}">web-1</a></b>: CPU 97 %, above 90 %<br>CPU high, since 26 Nov, 14:07:09 UTC`,
      'm.mentions': {},
    });
  });

  it('[A5] an event takes less than 65,536 bytes and counts the rest', async () => {
    const { requests } = await sendThrough(matrix, SETTINGS, outage(800));
    expect(Buffer.byteLength(requests[0]?.body ?? '')).toBeLessThan(60_000);
    expect(requests[0]?.body).toMatch(/and \d+ more/);
  });

  it.each([
    [401, 'M_UNKNOWN_TOKEN', 'does not accept the access token', false],
    [403, 'M_FORBIDDEN', 'may not write to this room', false],
    [413, 'M_TOO_LARGE', 'refused this message', true],
    [429, 'M_LIMIT_EXCEEDED', 'takes no more messages', false],
  ])('%d %s is told in words', async (status, errcode, words, refused) => {
    const answer = () => ({ status, body: { errcode, error: 'no', retry_after_ms: 2500 } });
    const { error } = await sendThrough(matrix, SETTINGS, message(), { answer });
    expect(error?.message).toContain(words);
    expect(error?.refused).toBe(refused);
    expect(error?.retryAfterMs).toBe(status === 429 ? 2500 : undefined);
  });

  it('only the id or the alias of a room is taken', () => {
    const { settings } = matrix;
    expect(settings.safeParse({ ...SETTINGS, room_id: 'abc' }).success).toBe(false);
    expect(settings.safeParse({ ...SETTINGS, room_id: '#ops:example.com' }).success).toBe(true);
  });
});
