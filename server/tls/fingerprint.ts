/** Fingerprints of certificates, by which agents and people recognise this server. */
import { createHash, X509Certificate } from 'node:crypto';

/** The SHA-256 of a PEM certificate's DER, in lower-case hex. */
export function fingerprintOf(pem: string): string {
  return createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');
}

/**
 * Splits a fingerprint into pairs of upper-case digits, as browsers show it: `a1b2…` becomes `A1`, `B2`, …
 */
export function hexPairs(fingerprint: string): readonly string[] {
  return fingerprint.toUpperCase().match(/../g) ?? [];
}

/** The SHA-256 of a PEM certificate's public key, as curl's `--pinnedpubkey` takes it. */
export function pinOf(pem: string): string {
  const key = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' });
  return `sha256//${createHash('sha256').update(key).digest('base64')}`;
}
