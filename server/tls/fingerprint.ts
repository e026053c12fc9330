/** Fingerprints of certificates: how agents and people know this server again. */
import { createHash, X509Certificate } from 'node:crypto';

/** SHA-256 of a PEM certificate's DER, lower-case hex. */
export function fingerprintOf(pem: string): string {
  return createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');
}

/** A fingerprint as people compare it: `a1b2…` → `A1`, `B2`, … */
export function inPairs(fingerprint: string): readonly string[] {
  return fingerprint.toUpperCase().match(/../g) ?? [];
}
