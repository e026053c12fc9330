import { describe, expect, it } from 'vitest';
import { pagerduty } from '../../../../server/alerts/notify/channels/pagerduty.ts';
import {
  ACKNOWLEDGED,
  alertOf,
  bodyOf,
  message,
  outage,
  RESOLVED,
  sendThrough,
  WEB_URL,
} from '../channel-stage.ts';

const SETTINGS = { routing_key: 'R0UT1NG' };
const ACCEPTED = () => ({
  status: 202,
  body: { status: 'success', message: 'Event processed', dedup_key: 'thread-1' },
});

describe('pagerduty', () => {
  it('a PagerDuty channel triggers an incident of the outage when an alert fires', async () => {
    const sent = await sendThrough(pagerduty, SETTINGS, message(), { answer: ACCEPTED });
    expect(sent.requests).toMatchObject([{ method: 'POST', url: 'https://events.pagerduty.com/v2/enqueue' }]);
    const url = `${WEB_URL}/alerts/alert-1`;
    expect(bodyOf(sent)).toEqual({
      routing_key: 'R0UT1NG',
      event_action: 'trigger',
      dedup_key: 'thread-1',
      payload: {
        summary: 'Critical: web-1, CPU 97 %, above 90 %',
        source: 'web-1',
        severity: 'critical',
        timestamp: '2026-11-26T14:07:09.000Z',
        component: 'CPU',
        class: 'cpu',
        custom_details: {
          alerts: `web-1: CPU 97 %, above 90 %\nCPU high, since 26 Nov, 14:07:09 UTC\n\n${url}`,
        },
      },
      client: 'Watchfloor',
      client_url: url,
      links: [{ href: url, text: 'Open in Watchfloor' }],
    });
  });

  it.each([
    ['acknowledged', 'acknowledge', ACKNOWLEDGED],
    ['resolved', 'resolve', RESOLVED],
  ] as const)('the incident is %s with its outage', async (event, action, facts) => {
    const sent = await sendThrough(
      pagerduty,
      SETTINGS,
      message(event, { alerts: [alertOf(facts)], number: 2 }),
    );
    expect(bodyOf(sent)).toEqual({ routing_key: 'R0UT1NG', event_action: action, dedup_key: 'thread-1' });
  });

  it.each(['acknowledged', 'resolved'] as const)(
    'the incident goes on while only some of its alerts are %s',
    async (event) => {
      const { requests, answer } = await sendThrough(pagerduty, SETTINGS, message(event, { whole: false }));
      expect(requests).toEqual([]);
      expect(answer?.text).toBe('Not sent: other alerts of the incident go on.');
    },
  );

  it('a test leaves no incident open', async () => {
    const { requests } = await sendThrough(
      pagerduty,
      { ...SETTINGS, region: 'eu' },
      message('test', { alerts: [] }),
    );
    expect(requests.map(({ body }) => JSON.parse(body).event_action)).toEqual(['trigger', 'resolve']);
    expect(requests[0]?.url).toBe('https://events.eu.pagerduty.com/v2/enqueue');
    expect(JSON.parse(requests[0]?.body ?? '').payload.severity).toBe('info');
  });

  it('[A5] one incident names how many machines it stands for, and lists them', async () => {
    const body = bodyOf(await sendThrough(pagerduty, SETTINGS, outage(500)));
    expect(body).toMatchObject({
      payload: { summary: 'Critical: CPU high on 500 machines', source: '500 machines' },
    });
    expect(JSON.stringify(body)).toContain('machine-499');
  });

  it.each([
    ["'routing_key' is invalid", 'does not know this integration key', false],
    ["'payload.summary' is missing or blank", 'refused this event', true],
  ])('a 400, %s, is told in words', async (text, words, refused) => {
    const body = { status: 'invalid event', message: 'Event object is invalid', errors: [text] };
    const { error } = await sendThrough(pagerduty, SETTINGS, message(), {
      answer: () => ({ status: 400, body }),
    });
    expect(error?.message).toContain(words);
    expect(error?.refused).toBe(refused);
  });
});
