import { describe, expect, it } from 'vitest';
import { teams } from '../../../../server/alerts/notify/channels/teams.ts';
import { alertOf, bodyOf, message, outage, RESOLVED, sendThrough, WEB_URL } from '../channel-stage.ts';

const SETTINGS = {
  url: 'https://prod-1.westeurope.logic.azure.com/workflows/abc/triggers/manual/paths/invoke?sig=x',
};

describe('teams', () => {
  it('a Teams channel posts an adaptive card to the workflow when an alert fires', async () => {
    const sent = await sendThrough(teams, SETTINGS, message(), { answer: () => ({ status: 202 }) });
    expect(sent.requests).toMatchObject([{ method: 'POST', url: SETTINGS.url }]);
    expect(bodyOf(sent)).toEqual({
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          contentUrl: null,
          content: {
            $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
            type: 'AdaptiveCard',
            version: '1.4',
            body: [
              {
                ...{ type: 'TextBlock', text: 'Critical: web-1, CPU 97 %, above 90 %', weight: 'Bolder' },
                ...{ size: 'Medium', color: 'Attention', wrap: true },
              },
              {
                type: 'TextBlock',
                text: `**[web-1](${WEB_URL}/alerts/alert-1)**: CPU 97 %, above 90 %`,
                wrap: true,
              },
              {
                ...{ type: 'TextBlock', text: 'CPU high, since 26 Nov, 14:07:09 UTC', wrap: true },
                ...{ isSubtle: true, spacing: 'None' },
              },
            ],
            actions: [
              { type: 'Action.OpenUrl', title: 'Open in Watchfloor', url: `${WEB_URL}/alerts/alert-1` },
            ],
            msteams: { width: 'Full' },
          },
        },
      ],
    });
  });

  it('the card of a resolved alert is green', async () => {
    const { requests } = await sendThrough(
      teams,
      SETTINGS,
      message('resolved', { alerts: [alertOf(RESOLVED)] }),
    );
    expect(requests[0]?.body).toContain('"color":"Good"');
  });

  it('[A5] a message takes less than 28 KB and counts the rest', async () => {
    const { requests } = await sendThrough(teams, SETTINGS, outage(500));
    const body = requests[0]?.body ?? '';
    expect(Buffer.byteLength(body)).toBeLessThan(28_000);
    expect(Buffer.byteLength(body)).toBeGreaterThan(18_000);
    expect(body).toMatch(/\[and \d+ more\]/);
  });

  it.each([
    [404, 'WorkflowNotFound', 'gone or switched off', false],
    [400, 'WorkflowTriggerIsNotEnabled', 'gone or switched off', false],
    [401, 'DirectApiAuthorizationRequired', 'let anyone trigger', false],
    [413, 'RequestEntityTooLarge', 'refused this message', true],
  ])('%d %s is told in words', async (status, code, words, refused) => {
    const answer = () => ({ status, body: { error: { code, message: 'no' } } });
    const { error } = await sendThrough(teams, SETTINGS, message(), { answer });
    expect(error?.message).toContain(words);
    expect(error?.refused).toBe(refused);
  });
});
