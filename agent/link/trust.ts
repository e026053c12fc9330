/**
 * [S1] Finds the server's own authority by the fingerprint in the enrollment string, before anything is sent. From then
 * on the agent trusts only certificates that this authority signed.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { connect, type DetailedPeerCertificate } from 'node:tls';
import { serverName, TIMEOUT, where } from './transport.ts';

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
function pinnedAuthority(chain: readonly X509Certificate[], pin: string, place: string): string {
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

/**
 * Opens a TLS connection, sends nothing, and returns the server's authority as PEM. `pin`: its SHA-256 fingerprint.
 * Rejects with ImpostorError, or with the connection's error.
 */
export function fetchAuthority(
  host: string,
  port: number,
  pin: string,
  timeoutMs = TIMEOUT,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      minVersion: 'TLSv1.2',
      // `pinnedAuthority` checks the chain of this connection; OpenSSL checks that of every later one.
      rejectUnauthorized: false,
      ...serverName(host),
    });
    socket.setTimeout(timeoutMs, () =>
      socket.destroy(new Error(`no TLS handshake within ${timeoutMs / 1000} s`)),
    );
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed during the TLS handshake')));
    socket.once('secureConnect', () => {
      try {
        resolve(pinnedAuthority(chainOf(socket.getPeerCertificate(true)), pin, where({ host, port })));
      } catch (error) {
        reject(error);
      }
      socket.destroy();
    });
  });
}
