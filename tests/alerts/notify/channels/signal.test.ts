import { describe, expect, it } from 'vitest';
import { signal } from '../../../../server/alerts/notify/channels/signal.ts';
import { bodyOf, message, outage, sendThrough, textIn, WEB_URL } from '../channel-stage.ts';

const SETTINGS = {
  server: 'http://signal.example.com:8080',
  number: '+4917000001',
  recipients: ['+4917000002', 'group.abc='],
};

describe('signal', () => {
  it('a Signal channel posts to v2/send with all recipients', async () => {
    const sent = await sendThrough(signal, SETTINGS, message(), {
      answer: () => ({ status: 201, body: { timestamp: '1' } }),
    });
    expect(sent.requests).toMatchObject([{ method: 'POST', url: 'http://signal.example.com:8080/v2/send' }]);
    expect(bodyOf(sent)).toEqual({
      number: '+4917000001',
      recipients: ['+4917000002', 'group.abc='],
      message: `Critical: web-1, CPU 97 %, above 90 %\n\nweb-1: CPU 97 %, above 90 %\nCPU high, since 26 Nov, 14:07:09 UTC\n\n${WEB_URL}/alerts/alert-1`,
      text_mode: 'normal',
    });
  });

  it('[A5] a message has at most 2,000 characters and counts the rest', async () => {
    const text = textIn(await sendThrough(signal, SETTINGS, outage(500)), 'message');
    expect(text.length).toBeLessThanOrEqual(2000);
    expect(text).toMatch(/and \d+ more: /);
  });

  it.each([
    ['User +4917000001 is not registered.', 'is not registered with signal-cli', false],
    ['Failed to send message: Unregistered user', 'does not know one of the recipients', false],
    ['Invalid group id', 'does not know one of the recipients', false],
    ['something else', 'refused this message', true],
  ])('a 400, %s, is told in words', async (text, words, refused) => {
    const answer = () => ({ status: 400, body: { error: text } });
    const { error } = await sendThrough(signal, SETTINGS, message(), { answer });
    expect(error?.message).toContain(words);
    expect(error?.refused).toBe(refused);
  });
});
