import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { webhook } from '../../../../server/alerts/notify/channels/webhook.ts';
import {
  ACKNOWLEDGED,
  alertOf,
  AT,
  bodyOf,
  message,
  outage,
  RESOLVED,
  sendThrough,
  WEB_URL,
} from '../channel-stage.ts';

const SETTINGS = { url: 'https://example.com/hook?x=1' };

describe('webhook', () => {
  it('a webhook posts the message as JSON when an alert fires', async () => {
    const sent = await sendThrough(webhook, SETTINGS, message('firing', { runbook: 'Restart it.' }));
    expect(sent.requests).toMatchObject([
      {
        method: 'POST',
        url: SETTINGS.url,
        headers: { 'idempotency-key': 'notification-1', 'x-watchfloor-timestamp': String(AT / 1000) },
      },
    ]);
    expect(sent.requests[0]?.headers['x-watchfloor-signature']).toBeUndefined();
    const url = `${WEB_URL}/alerts/alert-1`;
    expect(bodyOf(sent)).toEqual({
      ...{ id: 'notification-1', thread: 'thread-1', event: 'firing', severity: 'critical' },
      ...{
        title: 'Critical: web-1, CPU 97 %, above 90 %',
        subject: 'web-1, CPU',
        note: '',
        url,
        at: AT,
        count: 1,
      },
      alerts: [
        {
          ...{ id: 'alert-1', machine: 'web-1', subject: 'CPU', reading: '97 %, above 90 %' },
          ...{
            severity: 'critical',
            since: 'since 26 Nov, 14:07:09 UTC',
            status: '',
            details: [],
            url,
            runbook: 'Restart it.',
          },
          ...{ rule: 'CPU high', rule_id: 'rule-1', device_id: 'device-1', metric: 'cpu', value: 97 },
          ...{ threshold: 90, state: 'firing', timestamp: AT, resolved_at: null },
        },
      ],
      text: `web-1: CPU 97 %, above 90 %\nCPU high, since 26 Nov, 14:07:09 UTC\nRestart it.\n\n${url}`,
    });
  });

  it.each([
    ['resolved', RESOLVED],
    ['acknowledged', ACKNOWLEDGED],
  ] as const)('a webhook says that an alert is %s', async (event, facts) => {
    const body = bodyOf(await sendThrough(webhook, SETTINGS, message(event, { alerts: [alertOf(facts)] })));
    expect(body).toMatchObject({ event, alerts: [{ state: event }] });
  });

  it('[Must show 2] the signature verifies against the timestamp and the body, and only with the secret', async () => {
    const settings = { ...SETTINGS, secret: 'shared', method: 'PUT', authorization: 'Bearer b' };
    const { requests } = await sendThrough(webhook, settings);
    const [request] = requests;
    expect(request).toMatchObject({ method: 'PUT', headers: { authorization: 'Bearer b' } });
    const signed = `${String(request?.headers['x-watchfloor-timestamp'])}.${request?.body}`;
    const sign = (secret: string) => `sha256=${createHmac('sha256', secret).update(signed).digest('hex')}`;
    expect(request?.headers['x-watchfloor-signature']).toBe(sign('shared'));
    expect(request?.headers['x-watchfloor-signature']).not.toBe(sign('other'));
  });

  it('[A5] all 500 machines of a message are in it', async () => {
    const body = bodyOf(await sendThrough(webhook, SETTINGS, outage(500)));
    expect(body).toMatchObject({ count: 500 });
    expect(JSON.stringify(body)).toContain('machine-499');
  });

  it('a webhook sends the JSON of the template in place of its own', async () => {
    const own = { ...message(), ownText: '{"hello": "you"}' };
    expect(bodyOf(await sendThrough(webhook, SETTINGS, own))).toEqual({ hello: 'you' });
  });
});
