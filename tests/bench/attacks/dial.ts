/** The attacker's connections: bare TLS sockets, on which anything can be sent. */
import { once } from 'node:events';
import net from 'node:net';
import tls, { type TLSSocket } from 'node:tls';
import { upgradeRequest } from '../../live/frames.ts';
import type { Client } from '../../e2e/client.ts';
import type { Target } from './attack.ts';

/** The honest devices come from 127.0.0.1, so that limits of the attacker's address are not theirs. */
const ATTACKER_ADDRESS = '127.0.0.66';

/** Resolves with a connected socket; what becomes of it later is seen by its `close` event, never by an error. */
export async function dial({ server, ca }: Target, from = ATTACKER_ADDRESS): Promise<TLSSocket> {
  const tcp = net.connect({ host: '127.0.0.1', port: server.port, localAddress: from });
  tcp.on('error', () => undefined);
  const socket = tls.connect({ socket: tcp, ca, servername: 'localhost' });
  await once(socket, 'secureConnect');
  socket.on('error', () => undefined);
  return socket;
}

/** Sends the request and ends the connection; resolves with the HTTP status, 0 where there was none. */
export async function ask(
  target: Target,
  head: readonly string[],
  body: Buffer,
  from = ATTACKER_ADDRESS,
): Promise<number> {
  const socket = await dial(target, from);
  const lines = [...head, 'Host: localhost', 'Connection: close', `Content-Length: ${body.length}`];
  socket.write(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]));
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
  await Promise.race([once(socket, 'close'), once(socket, 'data')]);
  socket.destroy();
  return Number(answer.slice(9, 12));
}

/** Sends one push of a device over a kept connection; resolves with the HTTP status, 0 where no answer came in 15 s. */
export async function push(client: Client, token: string, body: object): Promise<number> {
  const answer = await client.ask('POST', '/metrics', { token, body }).catch(() => undefined);
  return answer?.status ?? 0;
}

/** Resolves with a socket whose upgrade request is sent; what is sent next are websocket frames. */
export async function dialLive(
  target: Target,
  headers: Readonly<Record<string, string>>,
): Promise<TLSSocket> {
  const socket = await dial(target);
  socket.write(upgradeRequest(`localhost:${target.server.port}`, headers));
  await once(socket, 'data');
  return socket;
}

const ACCOUNT = { username: 'lobby', password: 'a display of the lobby', role: 'display' };

/** Makes a display's account; resolves with its session's cookie. */
export async function signInDisplay({ server }: Target): Promise<string> {
  await server.admin.ask('POST', '/users', { body: ACCOUNT });
  const client = server.client();
  const { status, text } = await client.login(ACCOUNT.username, ACCOUNT.password);
  if (status !== 200) throw new Error(`the display cannot sign in: ${status} ${text}`);
  return client.cookie ?? '';
}
