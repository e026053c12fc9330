import { describe, expect, it } from 'vitest';
import {
  bytesOf,
  HTML,
  lineOf,
  MARKDOWN,
  messageText,
  PLAIN,
  PLAIN_BESIDE,
} from '../../../server/alerts/notify/message-text.ts';
import {
  ACKNOWLEDGED,
  alertOf,
  hostileMessage,
  message,
  outage,
  RESOLVED,
  WEB_URL,
} from './channel-stage.ts';

const SINCE = 'CPU high, since 26 Nov, 14:07:09 UTC';

describe('the text of a message', () => {
  it('the text of a message says what is wrong where, since when and what to do, and ends with the address', () => {
    const text = messageText(message('firing', { runbook: 'Restart nginx.', note: 'Two lines.' }), 1000);
    expect(text).toBe(
      `Two lines.\n\nweb-1: CPU 97 %, above 90 %\n${SINCE}\nRestart nginx.\n\n${WEB_URL}/alerts/alert-1`,
    );
  });

  it('the text of a message says how long a resolved alert lasted, and who acknowledged one', () => {
    expect(messageText(message('resolved', { alerts: [alertOf(RESOLVED)] }), 1000)).toContain(
      '26 Nov, 14:07:09 UTC, for 3 min',
    );
    expect(messageText(message('acknowledged', { alerts: [alertOf(ACKNOWLEDGED)] }), 1000)).toContain(
      'Acknowledged by ada: on it',
    );
  });

  it('the text of a message says what else is known of the moment', () => {
    const [line] = message().lines;
    const lines = line === undefined ? [] : [{ ...line, details: ['postgres 81 %', 'node 9 %'] }];
    expect(messageText({ ...message(), lines }, 1000)).toContain(`${SINCE}\npostgres 81 %\nnode 9 %\n`);
  });

  it('the text of a message names the machines with links to their alerts where the channel has links', () => {
    expect(messageText(message(), 1000, MARKDOWN)).toBe(
      `**[web-1](${WEB_URL}/alerts/alert-1)**: CPU 97 %, above 90 %\n${SINCE}`,
    );
    expect(messageText(message(), 1000, HTML)).toContain(
      `<b><a href="${WEB_URL}/alerts/alert-1">web-1</a></b>`,
    );
  });

  it.each([PLAIN, MARKDOWN, HTML, PLAIN_BESIDE])(
    '[A5] a message about 500 machines lists as many as fit, counts the others and says where they are',
    (markup) => {
      const text = messageText(outage(500), 1000, markup);
      const shown = text.match(/machine-\d+/g)?.length ?? 0;
      expect(text.length).toBeLessThanOrEqual(1000);
      expect(text.length).toBeGreaterThan(850);
      expect(text).toContain(`and ${500 - shown} more`);
      if (markup !== PLAIN_BESIDE) expect(text).toContain(`${WEB_URL}/alerts`);
    },
  );

  it('[A5] a message in which no alert fits has their number and the address', () => {
    expect(messageText(outage(500), 60)).toBe(`and 500 more: ${WEB_URL}/alerts`);
    expect(messageText(outage(500), 20).length).toBeLessThanOrEqual(20);
  });

  it('what to do is referred to where it is too long', () => {
    const text = messageText(message('firing', { runbook: 'x'.repeat(5000) }), 300);
    expect(text).toBe(`web-1: CPU 97 %, above 90 %\n${SINCE}\n\nWhat to do: ${WEB_URL}/alerts/alert-1`);
  });

  it('a size in bytes is kept too, whatever the letters', () => {
    const long = message('firing', {
      note: 'ä😀'.repeat(100),
      alerts: outage(50).lines.map(({ alert }) => alert),
    });
    const text = messageText(long, 1500, { ...PLAIN, size: bytesOf });
    expect(bytesOf(text)).toBeLessThanOrEqual(1500);
    expect(text).toContain('more: ');
  });

  it('the text of a template takes its place, and is cut with a reference to the rest', () => {
    const own = { ...message(), ownText: 'a < b\nsecond' };
    expect(messageText(own, 1000, HTML)).toBe('a &lt; b\nsecond');
    const cut = messageText({ ...message(), ownText: '&'.repeat(5000) }, 400, HTML);
    expect(cut.length).toBeLessThanOrEqual(400);
    expect(cut).toMatch(/^(&amp;)+…\n\n<a href="[^"]+">cut here, all of it<\/a>$/);
  });

  it('a message about nothing refers to the page', () => {
    expect(messageText(message('watchdog', { alerts: [] }), 100)).toBe(
      `Open in Watchfloor: ${WEB_URL}/alerts`,
    );
  });

  it('[S6] names in the text of a message that would be markup are shown as they are', () => {
    const markdown = messageText(hostileMessage(), 10_000, MARKDOWN);
    expect(markdown).not.toMatch(/@everyone|@all/);
    expect(markdown).toContain('\\<!channel\\> @\u200beveryone');
    expect(markdown).toContain('\\*b\\* \\_i\\_ \\`c\\` \\[x\\](http');
    expect(messageText(hostileMessage(), 10_000, HTML)).toContain(
      '&lt;b&gt;&amp;amp;&lt;/b&gt; &quot;q&quot;',
    );
  });
});

describe('one line of text', () => {
  it('the text of a message is cut by its size after escaping, between characters', () => {
    expect(lineOf('a<b', 10, HTML)).toBe('a&lt;b');
    expect(lineOf('a'.repeat(20), 10)).toBe(`${'a'.repeat(9)}…`);
    expect(lineOf('<'.repeat(20), 10, HTML)).toBe('&lt;&lt;…');
    expect(lineOf('😀'.repeat(5), 4)).toBe('😀…');
  });
});
