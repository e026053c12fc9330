/**
 * [S1] Finds the server's own authority by the fingerprint in the enrollment string, before anything is sent. From then
 * on the agent trusts only certificates that this authority signed.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { Agent as HttpsAgent } from 'node:https';
import { TLSSocket, type DetailedPeerCertificate } from 'node:tls';
import { serverName, TIMEOUT, tunnel, where, type Way } from './transport.ts';

/** The server is not the one that the enrollment string names. Nothing was sent to it. */
export class ImpostorError extends Error {
  override readonly name = 'ImpostorError';
}

/** The certificates that the server presents: its own first, then the one that signed it, and so on. */
function chainOf(leaf: DetailedPeerCertificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  const seen = new Set<string>();
  // Without a certificate Node gives an empty object.
  let one: DetailedPeerCertificate | undefined = leaf;
  while (one?.raw !== undefined && !seen.has(one.fingerprint256)) {
    seen.add(one.fingerprint256);
    chain.push(new X509Certificate(one.raw));
    one = one.issuerCertificate;
  }
  return chain;
}

function fingerprintOf(certificate: X509Certificate): string {
  return createHash('sha256').update(certificate.raw).digest('hex');
}

/**
 * Checks that the chain ends with the pinned authority and that each certificate is signed by the next one: anybody can
 * present an authority's certificate that is not theirs. Returns the authority as PEM. @throws ImpostorError
 */
export function pinnedAuthority(chain: readonly X509Certificate[], pin: string, place: string): string {
  const top = chain.at(-1);
  if (top === undefined || fingerprintOf(top) !== pin)
    throw new ImpostorError(
      `the server at ${place} is not the one of the enrollment string: its authority's fingerprint is ` +
        `${top === undefined ? 'missing' : fingerprintOf(top)}, not ${pin}. Nothing was sent to it. ` +
        'If the server got a new authority, make a new enrollment key there; otherwise somebody is in between',
    );
  const isSigned = chain.every((one, index) => one.verify((chain[index + 1] ?? one).publicKey));
  if (!isSigned)
    throw new ImpostorError(
      `the server at ${place} shows the right authority, but its certificate was not signed by it: ` +
        'somebody is in between. Nothing was sent to it',
    );
  return top.toString();
}

/** Opens a TLS connection to a server that is not checked yet. Rejects when there is none in time. */
function openUnchecked({ host, port, proxy }: Way, timeoutMs: number): Promise<TLSSocket> {
  const agent = new HttpsAgent({ keepAlive: false, ...tunnel(proxy) });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => fail(new Error(`no TLS handshake within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    /** Whether nobody waits any more; a tunnel that a proxy opens only now is closed again. */
    let isOver = false;
    const fail = (error: Error) => {
      clearTimeout(timer);
      isOver = true;
      opened?.destroy();
      reject(error);
    };
    const ready = (socket: TLSSocket) => {
      clearTimeout(timer);
      if (isOver) socket.destroy();
      else resolve(socket);
    };
    const opened = agent.createConnection(
      {
        host,
        port,
        minVersion: 'TLSv1.2',
        // `pinnedAuthority` checks the chain of this connection; OpenSSL checks that of every later one.
        rejectUnauthorized: false,
        timeout: timeoutMs,
        ...serverName(host),
      },
      // Node calls back when it went through a proxy.
      (error, socket) => {
        if (socket instanceof TLSSocket) ready(socket);
        else fail(error ?? new Error('the proxy opened no tunnel'));
      },
    );
    opened?.on('error', fail);
    opened?.once('close', () => fail(new Error('the connection was closed during the TLS handshake')));
    if (opened instanceof TLSSocket) opened.once('secureConnect', () => ready(opened));
  });
}

/**
 * The certificates that the server presents, its own first, none of them checked. Nothing is sent to it. Rejects with
 * the connection's error.
 */
export async function fetchChain(way: Way, timeoutMs = TIMEOUT): Promise<X509Certificate[]> {
  const socket = await openUnchecked(way, timeoutMs);
  try {
    return chainOf(socket.getPeerCertificate(true));
  } finally {
    socket.destroy();
  }
}

/**
 * The server's authority as PEM. `pin`: its SHA-256 fingerprint. Nothing is sent to the server. Rejects with
 * ImpostorError, or with the connection's error.
 */
export async function fetchAuthority(way: Way, pin: string, timeoutMs = TIMEOUT): Promise<string> {
  return pinnedAuthority(await fetchChain(way, timeoutMs), pin, where(way));
}
