/** A real SMTP server that stands for a provider's: it records the mail it takes. */
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { onTestFinished } from 'vitest';
import { listen } from './receiver.ts';

export interface Mail {
  readonly recipients: readonly string[];
  readonly user: unknown;
  readonly isEncrypted: boolean;
  readonly raw: string;
}

export const USER = 'watchfloor';
export const PASSWORD = 'p@ss w0rd';

/** Starts it on a port of 127.0.0.1, a free one where none is given; it takes mail for everybody but `nobody@`. */
export async function startMailServer(
  options: SMTPServerOptions,
  onPort = 0,
): Promise<{ port: number; mails: Mail[] }> {
  const mails: Mail[] = [];
  const server = new SMTPServer({
    logger: false,
    closeTimeout: 1,
    onAuth({ username, password }, _, done) {
      if (username === USER && password === PASSWORD) done(null, { user: username });
      else done(Object.assign(new Error('Authentication credentials invalid'), { responseCode: 535 }));
    },
    onRcptTo({ address }, _, done) {
      if (address.startsWith('nobody@'))
        done(Object.assign(new Error('No such user'), { responseCode: 550 }));
      else done();
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        mails.push({
          recipients: session.envelope.rcptTo.map(({ address }) => address),
          user: session.user,
          isEncrypted: session.secure,
          raw: Buffer.concat(chunks).toString(),
        });
        done(null, 'queued as 1');
      });
    },
    ...options,
  });
  // A client that breaks off is a test's own doing.
  server.on('error', () => {});
  const port = await listen(server.server, onPort);
  onTestFinished(() => void server.close());
  return { port, mails };
}

/** The value of a header, unfolded; undefined where there is none. */
export function header(raw: string, name: string): string | undefined {
  const head = raw.slice(0, raw.indexOf('\r\n\r\n')).replace(/\r\n[ \t]+/g, ' ');
  return new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1];
}

/** The decoded body of the first part of this type. */
export function part(raw: string, type: string): Buffer {
  const begin = raw.indexOf(`Content-Type: ${type}`);
  if (begin === -1) throw new Error(`no part of the type ${type}`);
  const rest = raw.slice(begin);
  const [head = ''] = rest.split('\r\n\r\n', 1);
  const body = rest.slice(head.length + 4).split('\r\n--', 1)[0] ?? '';
  const encoding = /Content-Transfer-Encoding: (\S+)/i.exec(head)?.[1];
  if (encoding === 'base64') return Buffer.from(body, 'base64');
  if (encoding !== 'quoted-printable') return Buffer.from(body);
  const bytes = body
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1');
}
