import { createDecipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import webPush from 'web-push';
import type { Browsers } from '../../../../server/alerts/notify/channel.ts';
import { browser } from '../../../../server/alerts/notify/channels/browser.ts';
import { DeliveryError } from '../../../../server/alerts/notify/channel.ts';
import { createOutgoing } from '../../../../server/alerts/notify/outgoing.ts';
import { AT, message, outage, WEB_URL } from '../channel-stage.ts';
import type { Message } from '../../../../server/alerts/notify/message.ts';
import http from 'node:http';
import { listen } from '../receiver.ts';

/** A browser: its keys, and how it reads what it is sent (RFC 8291, 8188). */
function makeBrowser(username: string, endpoint: string) {
  const own = createECDH('prime256v1');
  own.generateKeys();
  const auth = randomBytes(16);
  const publicKey = own.getPublicKey();
  const decrypt = (body: Buffer): unknown => {
    const salt = body.subarray(0, 16);
    const keyLength = body.readUInt8(20);
    const theirs = body.subarray(21, 21 + keyLength);
    const derive = (secret: Buffer, saltOf: Buffer, info: Buffer, length: number) =>
      Buffer.from(hkdfSync('sha256', secret, saltOf, info, length));
    const info = Buffer.concat([Buffer.from('WebPush: info\0'), publicKey, theirs]);
    const secret = derive(own.computeSecret(theirs), auth, info, 32);
    const key = derive(secret, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
    const nonce = derive(secret, salt, Buffer.from('Content-Encoding: nonce\0'), 12);
    const sealed = body.subarray(21 + keyLength);
    const decipher = createDecipheriv('aes-128-gcm', key, nonce);
    decipher.setAuthTag(sealed.subarray(-16));
    const padded = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
    return JSON.parse(padded.subarray(0, padded.lastIndexOf(2)).toString());
  };
  const keys = { p256dh: publicKey.toString('base64url'), auth: auth.toString('base64url') };
  return { subscription: { endpoint, keys, username }, decrypt };
}

/** A push service; `/gone` and `/full` answer 410 and 413, anything else is taken. */
async function startPushService() {
  const pushes: { path: string; headers: http.IncomingHttpHeaders; body: Buffer }[] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { url: path = '', headers } = request;
      pushes.push({ path, headers, body: Buffer.concat(chunks) });
      response.writeHead(path === '/gone' ? 410 : path === '/full' ? 413 : 201).end();
    });
  });
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}`, pushes };
}

const KEYS = webPush.generateVAPIDKeys();

function browsersOf(subscriptions: Browsers['subscriptions']): Browsers & { gone: string[] } {
  const gone: string[] = [];
  return {
    keys: KEYS,
    contact: 'mailto:admin@example.com',
    subscriptions,
    onGone: (endpoint) => gone.push(endpoint),
    gone,
  };
}

const send = (browsers: Browsers, settings: object = {}, sent: Message = message()) =>
  browser.send({
    settings,
    message: sent,
    outgoing: createOutgoing({ allowPrivate: true }),
    at: AT,
    browsers,
  });

describe('browser', () => {
  it('a browser channel sends an encrypted message, signed by the server, that only the browser can read', async () => {
    const service = await startPushService();
    const ada = makeBrowser('ada', `${service.url}/ada`);
    const answer = await send(browsersOf(() => [ada.subscription]));
    expect(answer.text).toBe('Sent to 1 of 1');
    const [push] = service.pushes;
    expect(push?.headers).toMatchObject({
      ...{ ttl: '21600', urgency: 'high', 'content-encoding': 'aes128gcm' },
      authorization: expect.stringMatching(/^vapid t=.+, k=.+/),
      topic: expect.stringMatching(/^[-\w]{32}$/),
    });
    expect(push === undefined ? undefined : ada.decrypt(push.body)).toEqual({
      id: 'notification-1',
      title: 'Critical: web-1, CPU 97 %, above 90 %',
      body: 'web-1: CPU 97 %, above 90 %\nCPU high, since 26 Nov, 14:07:09 UTC',
      url: `${WEB_URL}/alerts/alert-1`,
      tag: 'thread-1',
      tone: 'critical',
    });
  });

  it('a browser channel reaches the browsers of the people that are named, and forgets one that is gone', async () => {
    const service = await startPushService();
    const all = ['ada/x', 'gone', 'bob'].map((path) =>
      makeBrowser(path === 'bob' ? 'bob' : 'ada', `${service.url}/${path}`),
    );
    const browsers = browsersOf(() => all.map(({ subscription }) => subscription));
    const answer = await send(browsers, { users: ['ada'] });
    expect(service.pushes.map(({ path }) => path).sort()).toEqual(['/ada/x', '/gone']);
    expect(browsers.gone).toEqual([`${service.url}/gone`]);
    expect(answer.text).toBe('Sent to 1 of 2');
  });

  it('[A5] a message of 500 machines fits into the 4,096 bytes of a push', async () => {
    const service = await startPushService();
    const ada = makeBrowser('ada', `${service.url}/ada`);
    await send(
      browsersOf(() => [ada.subscription]),
      {},
      outage(500),
    );
    const [push] = service.pushes;
    expect(push?.body.length).toBeLessThan(4096);
    expect(push === undefined ? '' : JSON.stringify(ada.decrypt(push.body))).toMatch(/and \d+ more/);
  });

  it('[A5] fails where no browser is registered or none took it', async () => {
    const service = await startPushService();
    await expect(send(browsersOf(() => []))).rejects.toThrow('No browser is registered for these people.');
    const full = makeBrowser('ada', `${service.url}/full`);
    const error = await send(browsersOf(() => [full.subscription])).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DeliveryError);
    expect(error).toMatchObject({ refused: true });
  });
});
