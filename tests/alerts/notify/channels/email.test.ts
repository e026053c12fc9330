import net from 'node:net';
import { describe, expect, it } from 'vitest';
import { DeliveryError } from '../../../../server/alerts/notify/channel.ts';
import { email } from '../../../../server/alerts/notify/channels/email.ts';
import type { Message } from '../../../../server/alerts/notify/message.ts';
import { createOutgoing } from '../../../../server/alerts/notify/outgoing.ts';
import {
  alertOf,
  AT,
  hostileMessage,
  message,
  NO_BROWSERS,
  outage,
  RESOLVED,
  WEB_URL,
} from '../channel-stage.ts';
import { header, part, PASSWORD, startMailServer, USER } from '../mail-server.ts';
import { listen, ownCertificate, trust } from '../receiver.ts';

const SETTINGS = {
  host: 'localhost',
  user: USER,
  password: PASSWORD,
  from: 'Watchfloor <watchfloor@example.com>',
  to: ['ops@example.com', 'ada@example.com'],
};

/** Sends one mail; `localhost` is 127.0.0.1, where the servers of these tests listen. */
const send = (settings: object, sent: Message = message(), timeoutMs = 5000) =>
  email.send({
    settings: { ...SETTINGS, ...settings },
    message: sent,
    outgoing: createOutgoing({
      allowPrivate: true,
      timeoutMs,
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    }),
    at: AT,
    browsers: NO_BROWSERS,
  });

async function failure(promise: Promise<unknown>): Promise<DeliveryError> {
  const reason: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (reason instanceof DeliveryError) return reason;
  throw new Error('no DeliveryError', { cause: reason });
}

/** A mail server whose certificate the process trusts. */
async function startTrusted(options: Parameters<typeof startMailServer>[0] = {}) {
  const certificate = await ownCertificate();
  trust(certificate.ca);
  return startMailServer({ ...certificate, ...options });
}

describe('email', () => {
  it('[Must show 2] an e-mail is sent over STARTTLS with a login to several recipients', async () => {
    const { port, mails } = await startTrusted();
    const answer = await send({ port });
    expect(answer).toEqual({ request: `SMTP localhost:${port}`, text: '250 queued as 1' });
    expect(mails).toMatchObject([
      { recipients: ['ops@example.com', 'ada@example.com'], user: USER, isEncrypted: true },
    ]);
    const raw = mails[0]?.raw ?? '';
    expect(header(raw, 'From')).toBe('Watchfloor <watchfloor@example.com>');
    expect(header(raw, 'To')).toBe('ops@example.com, ada@example.com');
    expect(header(raw, 'Auto-Submitted')).toBe('auto-generated');
    expect(header(raw, 'X-Priority')).toMatch(/^1/);
    expect(part(raw, 'text/plain').toString()).toContain(
      `Critical: web-1, CPU 97 %, above 90 %\r\n\r\nweb-1: CPU 97 %, above 90 %`,
    );
    const html = part(raw, 'text/html').toString();
    expect(html).toContain(`href="${WEB_URL}/alerts/alert-1"`);
    expect(html).toContain('prefers-color-scheme:dark');
    expect(html).not.toMatch(/<script|<link|src="http/);
  });

  it('an e-mail is sent over TLS from the beginning, and without encryption where that is chosen', async () => {
    const { port, mails } = await startTrusted({ secure: true });
    await send({ port, security: 'tls' });
    const plain = await startMailServer({ hideSTARTTLS: true, authOptional: true });
    await send({ port: plain.port, security: 'none', user: '', password: '' });
    expect(mails).toMatchObject([{ isEncrypted: true }]);
    expect(plain.mails).toMatchObject([{ isEncrypted: false, recipients: SETTINGS.to }]);
  });

  it('the messages of an outage are one thread: one subject, and references to the first', async () => {
    const { port, mails } = await startTrusted();
    await send({ port }, message('firing', { number: 1 }));
    await send({ port }, message('resolved', { number: 2, alerts: [alertOf(RESOLVED)] }));
    const [first = '', second = ''] = mails.map(({ raw }) => raw);
    expect(header(first, 'Message-ID')).toBe('<watchfloor.thread-1@example.com>');
    expect(header(first, 'Subject')).toBe('[Watchfloor] web-1, CPU');
    expect(header(first, 'References')).toBeUndefined();
    expect(header(second, 'Message-ID')).toBe('<watchfloor.notification-2@example.com>');
    expect(header(second, 'In-Reply-To')).toBe('<watchfloor.thread-1@example.com>');
    expect(header(second, 'References')).toBe('<watchfloor.thread-1@example.com>');
    expect(header(second, 'Subject')).toBe('Re: [Watchfloor] web-1, CPU');
    expect(part(second, 'text/plain').toString()).toMatch(/^Resolved: web-1/);
  });

  it('[S6] names that would be markup or headers are shown in an e-mail as they are', async () => {
    const { port, mails } = await startTrusted();
    await send({ port }, { ...hostileMessage(), subject: 'a\r\nBcc: evil@example.com' });
    const raw = mails[0]?.raw ?? '';
    expect(header(raw, 'Bcc')).toBeUndefined();
    expect(mails[0]?.recipients).toEqual(SETTINGS.to);
    const html = part(raw, 'text/html').toString();
    expect(html).toContain('&lt;!channel&gt;');
    expect(html).not.toContain('<b>&amp;');
  });

  it('[A5] a mail lists 100 alerts and counts the others; its plain text lists all 500', async () => {
    const { port, mails } = await startTrusted();
    await send({ port }, outage(500));
    const raw = mails[0]?.raw ?? '';
    expect(part(raw, 'text/html').toString()).toContain('>and 400 more<');
    expect(part(raw, 'text/plain').toString()).toContain('machine-499');
  });

  it('an e-mail carries the chart of the field, which the HTML shows', async () => {
    const { port, mails } = await startTrusted();
    const points = [[AT - 60_000, 1, 2, 3] as const, [AT, 90, 97, 99] as const];
    const chart = { field: 'cpu', from: AT - 60_000, to: AT + 60_000, points, threshold: 90, at: AT };
    await send({ port }, { ...message(), chart });
    await send({ port });
    const [raw = '', without = ''] = mails.map((mail) => mail.raw);
    expect(part(raw, 'text/html').toString()).toContain('src="cid:chart@watchfloor"');
    expect(raw).toMatch(/Content-Id: <chart@watchfloor>/i);
    expect(part(raw, 'image/png').subarray(1, 4).toString()).toBe('PNG');
    expect(part(without, 'text/html').toString()).not.toContain('<img');
  });

  it('the text of a template takes the place of the list', async () => {
    const { port, mails } = await startTrusted();
    await send({ port }, { ...message(), ownText: 'one <two>\nthree' });
    expect(part(mails[0]?.raw ?? '', 'text/html').toString()).toContain('one &lt;two&gt;<br>three');
    expect(part(mails[0]?.raw ?? '', 'text/plain').toString()).toContain('one <two>\r\nthree');
  });
});

describe('a mail server that takes no mail', () => {
  it('a wrong password is named as such, and no secret stands in the error', async () => {
    const { port } = await startTrusted();
    const error = await failure(send({ port, password: 'wr0ng-pass' }));
    expect(error.message).toMatch(/does not accept the user name and password\. Enter valid ones\. \(535/);
    expect(error.message).not.toContain('wr0ng-pass');
    expect(error.refused).toBe(false);
  });

  it('a server that wants a login says so', async () => {
    const { port } = await startTrusted();
    const error = await failure(send({ port, user: '', password: '' }));
    expect(error.message).toMatch(/530/);
  });

  it('one refused recipient is told beside the success, and only refused ones are an error', async () => {
    const { port, mails } = await startTrusted();
    const answer = await send({ port, to: ['ops@example.com', 'nobody@example.com'] });
    expect(answer.text).toContain('not taken for nobody@example.com');
    expect(mails).toHaveLength(1);
    const error = await failure(send({ port, to: ['nobody@example.com'] }));
    expect(error.message).toMatch(/takes no mail from this sender for nobody@example\.com.*550/);
  });

  it('a refused message is refused for good, and a busy server is tried again', async () => {
    const answers = [554, 451].map((responseCode) => Object.assign(new Error('Not now'), { responseCode }));
    const { port } = await startTrusted({
      onData(stream, _, done) {
        stream.resume().on('end', () => done(answers.shift()));
      },
    });
    expect(await failure(send({ port }))).toMatchObject({ refused: true });
    expect(await failure(send({ port }))).toMatchObject({ refused: false });
  });

  it('a server without STARTTLS gets neither mail nor password unless that is chosen', async () => {
    const { port, mails } = await startMailServer({ hideSTARTTLS: true, disabledCommands: ['STARTTLS'] });
    const error = await failure(send({ port }));
    expect(error.message).toContain('offers no STARTTLS');
    expect(mails).toEqual([]);
  });

  it('an unknown certificate is refused, and the error says what to do', async () => {
    const { port, mails } = await startMailServer(await ownCertificate());
    const error = await failure(send({ port }));
    expect(error.message).toContain('NODE_EXTRA_CA_CERTS');
    expect(mails).toEqual([]);
  });

  it('a certificate for another name is refused', async () => {
    const { port } = await startTrusted();
    const error = await failure(send({ port, host: 'mail.example.com' }));
    expect(error.message).toContain('has a certificate for other names');
  });

  it('a server that says nothing ends after the time limit', async () => {
    const port = await listen(net.createServer(() => {}));
    const error = await failure(send({ port }, message(), 100));
    expect(error.message).toContain('does not speak SMTP, or expects another encryption');
  });

  it('a server that hangs in the middle ends after the time limit', async () => {
    const { port } = await startTrusted({ onMailFrom: () => {} });
    const error = await failure(send({ port }, message(), 400));
    expect(error.message).toMatch(/did not (answer in time|take the message within)/);
  });

  it('a closed port is named as such', async () => {
    const server = net.createServer();
    const port = await listen(server);
    await new Promise((done) => server.close(done));
    expect((await failure(send({ port }))).message).toContain('refused the connection');
  });

  it('[Must show 6] a mail server on a private address is refused unless the channel may go there', async () => {
    const outgoing = createOutgoing({ allowPrivate: false });
    const sending = email.send({
      ...{ message: message(), outgoing, at: AT, browsers: NO_BROWSERS },
      settings: { ...SETTINGS, host: '127.0.0.1' },
    });
    expect((await failure(sending)).message).toContain('private network');
  });
});
