/** [S2] Random secrets, of which only hashes are kept. 256 random bits need no slow hash. */
import { hash, randomBytes } from 'node:crypto';

/** `wf_<prefix>_…`: 43 random characters after a prefix by which a leaked one is recognised. */
export function newSecret(prefix: 'device' | 'key'): string {
  return `wf_${prefix}_${randomBytes(32).toString('base64url')}`;
}

/** SHA-256, hex. Looking a hash up tells nothing of how near a guess came. */
export function secretHash(secret: string): string {
  return hash('sha256', secret, 'hex');
}
