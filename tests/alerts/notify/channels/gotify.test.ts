import { describe, expect, it } from 'vitest';
import { gotify } from '../../../../server/alerts/notify/channels/gotify.ts';
import { bodyOf, message, sendThrough, WEB_URL } from '../channel-stage.ts';

const SETTINGS = { server: 'https://gotify.example.com', token: 'A1b2' };

describe('gotify', () => {
  it('a Gotify channel creates a message in Markdown with the token of the application', async () => {
    const sent = await sendThrough(gotify, SETTINGS, message(), { answer: () => ({ body: { id: 1 } }) });
    expect(sent.requests).toMatchObject([
      { method: 'POST', url: 'https://gotify.example.com/message', headers: { 'x-gotify-key': 'A1b2' } },
    ]);
    const url = `${WEB_URL}/alerts/alert-1`;
    expect(bodyOf(sent)).toEqual({
      title: 'Critical: web-1, CPU 97 %, above 90 %',
      message: `**[web-1](${url})**: CPU 97 %, above 90 %\nCPU high, since 26 Nov, 14:07:09 UTC`,
      priority: 8,
      extras: {
        'client::display': { contentType: 'text/markdown' },
        'client::notification': { click: { url } },
      },
    });
  });

  it('a Gotify channel says that the token is not that of an application', async () => {
    const body = {
      error: 'Unauthorized',
      errorCode: 401,
      errorDescription: 'you need to provide a valid token',
    };
    const { error } = await sendThrough(gotify, SETTINGS, message(), {
      answer: () => ({ status: 401, body }),
    });
    expect(error?.message).toContain('Gotify does not accept the token');
    expect(error?.refused).toBe(false);
  });

  it('a Gotify channel says what Gotify says of a message that it refuses', async () => {
    const body = { error: 'Bad Request', errorCode: 400, errorDescription: "Field 'message' is required" };
    const { error } = await sendThrough(gotify, SETTINGS, message(), {
      answer: () => ({ status: 400, body }),
    });
    expect(error?.message).toContain("Gotify says: Field 'message' is required.");
    expect(error?.refused).toBe(true);
  });
});
