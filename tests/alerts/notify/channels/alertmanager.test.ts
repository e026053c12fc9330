import { describe, expect, it } from 'vitest';
import { alertmanager } from '../../../../server/alerts/notify/channels/alertmanager.ts';
import { alertOf, bodyOf, message, outage, RESOLVED, sendThrough, WEB_URL } from '../channel-stage.ts';

const SETTINGS = { server: 'http://alertmanager.example.com:9093/', authorization: 'Basic eDp5' };

describe('alertmanager', () => {
  it('an Alertmanager channel posts each alert with labels, and with an end far off while it fires', async () => {
    const sent = await sendThrough(alertmanager, SETTINGS, message('firing', { runbook: 'Restart it.' }));
    expect(sent.requests).toMatchObject([
      {
        method: 'POST',
        url: 'http://alertmanager.example.com:9093/api/v2/alerts',
        headers: { authorization: 'Basic eDp5' },
      },
    ]);
    expect(bodyOf(sent)).toEqual([
      {
        labels: {
          ...{ alertname: 'CPU high', instance: 'web-1', severity: 'critical', metric: 'cpu' },
          ...{ device_id: 'device-1', alert_id: 'alert-1' },
        },
        annotations: { summary: 'web-1: CPU 97 %, above 90 %', description: 'Restart it.' },
        startsAt: '2026-11-26T14:07:09.000Z',
        endsAt: '2026-12-03T14:07:09.000Z',
        generatorURL: `${WEB_URL}/alerts/alert-1`,
      },
    ]);
  });

  it('a resolved alert has the same labels and ends when it ended', async () => {
    const firing = bodyOf(await sendThrough(alertmanager, SETTINGS));
    const resolved = message('resolved', { alerts: [alertOf(RESOLVED)], number: 2 });
    const ended = bodyOf(await sendThrough(alertmanager, SETTINGS, resolved));
    expect(ended).toMatchObject([{ endsAt: '2026-11-26T14:10:09.000Z' }]);
    const labels = (body: unknown) => (Array.isArray(body) ? body.map((one) => one.labels) : []);
    expect(labels(ended)).toEqual(labels(firing));
  });

  it('[A5] all 500 alerts of a message are posted', async () => {
    expect(bodyOf(await sendThrough(alertmanager, SETTINGS, outage(500)))).toHaveLength(500);
  });

  it('the watchdog is an alert that ends when the next one does not come', async () => {
    const body = bodyOf(await sendThrough(alertmanager, SETTINGS, message('watchdog', { alerts: [] })));
    expect(body).toMatchObject([{ labels: { alertname: 'Watchdog' }, endsAt: '2026-11-27T15:07:09.000Z' }]);
  });

  it('an Alertmanager channel says what Alertmanager refuses', async () => {
    const answer = () => ({ status: 400, body: '"start time must be before end time"' });
    const { error } = await sendThrough(alertmanager, SETTINGS, message(), { answer });
    expect(error?.message).toContain('start time must be before end time');
    expect(error?.refused).toBe(true);
  });
});
