import { describe, expect, it } from 'vitest';
import { slack } from '../../../../server/alerts/notify/channels/slack.ts';
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

const URL_ = 'https://hooks.slack.com/services/T0/B0/abcdEFGH1234';
const SETTINGS = { url: URL_ };
const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } });

describe('slack', () => {
  it('a Slack channel posts blocks to the webhook when an alert fires', async () => {
    const sent = await sendThrough(slack, SETTINGS, message(), { answer: () => ({ body: 'ok' }) });
    expect(sent.requests).toMatchObject([
      { url: URL_, method: 'POST', headers: { 'content-type': 'application/json; charset=utf-8' } },
    ]);
    const link = `${WEB_URL}/alerts/alert-1`;
    expect(bodyOf(sent)).toEqual({
      text: 'Critical: web-1, CPU 97 %, above 90 %',
      blocks: [
        section(`*<${link}|Critical: web-1, CPU 97 %, above 90 %>*`),
        section(`*<${link}|web-1>*: CPU 97 %, above 90 %\nCPU high, since 26 Nov, 14:07:09 UTC`),
      ],
      unfurl_links: false,
      unfurl_media: false,
    });
    expect(sent.answer?.text).toBe('200 OK: ok');
  });

  it('a Slack channel says that an alert is resolved', async () => {
    const body = bodyOf(
      await sendThrough(slack, SETTINGS, message('resolved', { alerts: [alertOf(RESOLVED)] })),
    );
    expect(body).toMatchObject({ text: 'Resolved: web-1, CPU 97 %, above 90 %' });
  });

  it('[S6] a machine called <!channel> calls nobody', async () => {
    const { requests } = await sendThrough(slack, SETTINGS, hostileMessage());
    expect(requests[0]?.body).not.toContain('<!channel>');
    expect(requests[0]?.body).toContain('&lt;!channel&gt;');
    expect(requests[0]?.body).toContain('&lt;b&gt;&amp;amp;&lt;/b&gt;');
  });

  it('[A5] a section has at most 3,000 characters and counts the rest', async () => {
    const text = textIn(await sendThrough(slack, SETTINGS, outage(500)), 'blocks', 1, 'text', 'text');
    expect(text.length).toBeLessThanOrEqual(3000);
    expect(text).toMatch(/<https:[^|]+\/alerts\|and \d+ more>$/);
  });

  it.each([
    [400, 'invalid_payload', true, 'Slack refused this message.'],
    [404, 'no_service', false, 'Slack no longer has this webhook.'],
    [410, 'channel_is_archived', false, 'The channel in Slack is archived.'],
    [403, 'action_prohibited', false, 'An administrator of Slack forbids'],
    [500, 'rollup_error', false, 'is out of order'],
  ])('%d %s is told in words', async (status, body, refused, words) => {
    const { error } = await sendThrough(slack, SETTINGS, message(), { answer: () => ({ status, body }) });
    expect(error?.message).toContain(words);
    expect(error?.message).toContain(body);
    expect(error?.refused).toBe(refused);
  });

  it('a Slack channel waits as long as Slack asks', async () => {
    const answer = () => ({ status: 429, headers: { 'retry-after': '30' } });
    expect((await sendThrough(slack, SETTINGS, message(), { answer })).error?.retryAfterMs).toBe(30_000);
  });
});
