/**
 * [S1] Trust on first enrollment: finds the server's own authority by the fingerprint in the enrollment string,
 * before anything is sent. The certificate found is then the only one the agent trusts.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type DetailedPeerCertificate } from 'node:tls';

/** The server is not the one the enrollment string speaks of. Nothing was sent to it. */
export class ImpostorError extends Error {
  override readonly name = 'ImpostorError';
}

/** The presented chain, leaf first, as far as it goes. */
function chainOf(leaf: DetailedPeerCertificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  const seen = new Set<string>();
  // A server without a certificate gives an empty object.
  let one: DetailedPeerCertificate | undefined = leaf;
  while (one?.raw !== undefined && !seen.has(one.fingerprint256)) {
    seen.add(one.fingerprint256);
    chain.push(new X509Certificate(one.raw));
    one = one.issuerCertificate;
  }
  return chain;
}

export function fingerprintOf(certificate: X509Certificate): string {
  return createHash('sha256').update(certificate.raw).digest('hex');
}

/**
 * Checks that the chain's top is the pinned authority and that each certificate was signed by the next: showing
 * somebody else's authority proves nothing. @throws ImpostorError
 */
export function pinnedAuthority(chain: readonly X509Certificate[], pin: string, where: string): string {
  const top = chain.at(-1);
  if (top === undefined || fingerprintOf(top) !== pin)
    throw new ImpostorError(
      `the server at ${where} is not the one of the enrollment string: its authority's fingerprint is ` +
        `${top === undefined ? 'missing' : fingerprintOf(top)}, not ${pin}. Nothing was sent to it. ` +
        'If the server got a new authority, make a new enrollment key there; otherwise somebody is in between',
    );
  const isSigned = chain.every((one, index) => one.verify((chain[index + 1] ?? one).publicKey));
  if (!isSigned)
    throw new ImpostorError(
      `the server at ${where} shows the right authority, but its certificate was not signed by it: ` +
        'somebody is in between. Nothing was sent to it',
    );
  return top.toString();
}

/**
 * Shakes hands with the server, sends nothing, and returns the pinned authority as PEM.
 * Rejects with ImpostorError, or with the connection's own error.
 */
export function fetchAuthority(host: string, port: number, pin: string, timeoutMs = 10_000): Promise<string> {
  const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      minVersion: 'TLSv1.2',
      // The chain is checked here, against the pin, and by OpenSSL on every connection after this one.
      rejectUnauthorized: false,
      ...(isIP(host) === 0 ? { servername: host } : {}),
    });
    socket.setTimeout(timeoutMs, () =>
      socket.destroy(new Error(`no TLS handshake within ${timeoutMs / 1000} s`)),
    );
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed within the TLS handshake')));
    socket.once('secureConnect', () => {
      try {
        resolve(pinnedAuthority(chainOf(socket.getPeerCertificate(true)), pin, where));
      } catch (error) {
        reject(error);
      }
      socket.destroy();
    });
  });
}
