import { describe, expect, it } from 'vitest';
import { homeAssistant } from '../../../../server/alerts/notify/channels/home-assistant.ts';
import { bodyOf, message, sendThrough, WEB_URL } from '../channel-stage.ts';

describe('home-assistant', () => {
  it('a Home Assistant channel posts the message to the webhook of the automation', async () => {
    const settings = { server: 'http://homeassistant.local:8123', webhook_id: '-abc/def' };
    const sent = await sendThrough(homeAssistant, settings);
    expect(sent.requests).toMatchObject([
      { method: 'POST', url: 'http://homeassistant.local:8123/api/webhook/-abc%2Fdef' },
    ]);
    expect(bodyOf(sent)).toMatchObject({
      event: 'firing',
      severity: 'critical',
      title: 'Critical: web-1, CPU 97 %, above 90 %',
      text: `web-1: CPU 97 %, above 90 %\nCPU high, since 26 Nov, 14:07:09 UTC\n\n${WEB_URL}/alerts/alert-1`,
      url: `${WEB_URL}/alerts/alert-1`,
      alerts: [{ machine: 'web-1', reading: '97 %, above 90 %', state: 'firing' }],
    });
  });

  it('an address that is not found is told', async () => {
    const settings = { server: 'http://homeassistant.local:8123', webhook_id: 'x' };
    const { error } = await sendThrough(homeAssistant, settings, message(), {
      answer: () => ({ status: 404 }),
    });
    expect(error?.message).toContain('does not know this address any more');
  });
});
