/**
 * [S2] Random secrets of 256 bits. The server stores only their SHA-256: random secrets need no slow hash.
 */
import { hash, randomBytes } from 'node:crypto';

/**
 * Makes a secret `wf_<prefix>_` with 43 random characters. By its prefix, a leaked secret can be recognised.
 */
export function newSecret(prefix: 'device' | 'key' | 'display'): string {
  return `wf_${prefix}_${randomBytes(32).toString('base64url')}`;
}

/** The SHA-256 of a secret in hex. The time to look up a hash does not reveal how close a guess was. */
export function secretHash(secret: string): string {
  return hash('sha256', secret, 'hex');
}
