/** A connection to the address that was allowed, and TLS on it; and what its errors mean. */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import {
  connect as connectTls,
  createSecureContext,
  getCACertificates,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { errorCode, errorText } from '#protocol/errors.ts';
import { placeWords, type Destination } from './allowance.ts';
import type { Attempt } from './attempt.ts';

/** Why there is no connection, or why it broke, in words. */
export function connectionWords(error: unknown, place: string): string {
  const code = errorCode(error);
  switch (code) {
    case 'ECONNREFUSED':
      return `connection refused by ${place}`;
    case 'ECONNRESET':
    case 'EPIPE':
      return `${place} closed the connection`;
    case 'ETIMEDOUT':
      return `${place} does not answer`;
    case 'EHOSTUNREACH':
      return `${place} cannot be reached: no route to the host`;
    case 'ENETUNREACH':
      return `${place} cannot be reached: no network leads there`;
    case 'EADDRNOTAVAIL':
      return `${place} cannot be reached: this machine has no such address to connect from`;
    case 'EACCES':
    case 'EPERM':
      return `this machine forbids connections to ${place}`;
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'EPROTO':
      return `${place} does not speak TLS, or no version of it that is still safe`;
    default:
      return `${place}: ${errorText(error)}`;
  }
}

/** Resolves with a connection; rejects with what went wrong, in words. The caller ends it. */
export function openConnection(
  { signal, doing }: Pick<Attempt, 'signal' | 'doing'>,
  destination: Destination & { readonly port: number },
): Promise<Socket> {
  const place = placeWords(destination);
  doing(`connecting to ${place}`);
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: destination.address, port: destination.port });
    const end = () => socket.destroy();
    const failed = (error: unknown) => {
      signal.removeEventListener('abort', end);
      socket.destroy();
      reject(new Error(connectionWords(error, place), { cause: error }));
    };
    signal.addEventListener('abort', end, { once: true });
    socket.once('error', failed);
    socket.once('close', () => failed(new Error('the connection was closed')));
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      // Whoever uses it next has listeners of its own; until then an error must not end the agent.
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}

let trusted: SecureContext | undefined;

/** What this machine trusts; made once, as it takes tens of milliseconds. */
function secureContext(authorities: readonly string[] | undefined): SecureContext {
  const all = () => [...getCACertificates('default'), ...getCACertificates('system'), ...(authorities ?? [])];
  if (authorities !== undefined) return createSecureContext({ ca: all() });
  return (trusted ??= createSecureContext({ ca: all() }));
}

/** Speaks TLS on a connection, with any certificate: `certificate.ts` looks at it. */
export function startTls(
  { signal, doing, authorities }: Pick<Attempt, 'signal' | 'doing' | 'authorities'>,
  socket: Socket,
  destination: Destination,
): Promise<TLSSocket> {
  const place = placeWords(destination);
  doing(`the TLS handshake with ${place}`);
  const { host } = destination;
  return new Promise((resolve, reject) => {
    const secure = connectTls({
      socket,
      secureContext: secureContext(authorities),
      rejectUnauthorized: false,
      // TLS allows no address as a name; the certificate's is compared in any case.
      ...(isIP(host) === 0 ? { servername: host } : {}),
      checkServerIdentity: () => undefined,
      ALPNProtocols: ['http/1.1'],
    });
    const failed = (error: unknown) => {
      secure.destroy();
      reject(new Error(connectionWords(error, place), { cause: error }));
    };
    signal.addEventListener('abort', () => secure.destroy(), { once: true });
    secure.once('error', failed);
    secure.once('close', () => failed(new Error('closed the connection during the TLS handshake')));
    secure.once('secureConnect', () => {
      secure.removeAllListeners('error');
      secure.on('error', () => undefined);
      resolve(secure);
    });
  });
}
