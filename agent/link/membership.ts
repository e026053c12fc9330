/** What an agent keeps after it joined: the server's address, its authority, and the token. It is one private file. */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { Enrollment } from '#protocol/enrollment.ts';
import { readIfThere, SetupError, writeWhole } from '../data-folder/data-folder.ts';

const membership = z.object({
  host: z.string(),
  port: z.number().int(),
  tls: z.boolean(),
  /** What stands before the server's own paths, as in the enrollment string. */
  path: z.string().optional(),
  /** The authority's fingerprint and PEM; null: the certificate is signed by an authority that the system trusts. */
  ca: z.string().nullable(),
  authority: z.string().nullable(),
  device_id: z.string(),
  token: z.string(),
  /** SHA-256 of the enrollment key that it joined with, to notice when a person gives a new key. */
  key_sha256: z.string(),
});
export type Membership = z.infer<typeof membership>;

const FILE = 'membership.json';

export function keyHash(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** The stored membership, or undefined before the first enrollment. @throws SetupError when it is damaged */
export function readMembership(folder: string): Membership | undefined {
  const path = join(folder, FILE);
  const text = readIfThere(path);
  if (text === undefined) return undefined;
  try {
    return membership.parse(JSON.parse(text));
  } catch {
    throw new SetupError(
      `${path} is damaged: remove it and start the agent with WATCHFLOOR_ENROLL to join again`,
    );
  }
}

export function writeMembership(folder: string, value: Membership): void {
  writeWhole(join(folder, FILE), `${JSON.stringify(value, undefined, 2)}\n`);
}

/**
 * Compares the server of an enrollment string with the membership's: `same`; `moved`, when it has the same authority at
 * another address; or `other`.
 */
export function relate(
  member: Membership,
  { host, port, tls, ca, path = '' }: Enrollment,
): 'same' | 'moved' | 'other' {
  const isSamePlace =
    member.host === host && member.port === port && member.tls === tls && (member.path ?? '') === path;
  if (member.ca !== ca) return 'other';
  if (isSamePlace) return 'same';
  return ca === null ? 'other' : 'moved';
}

const SECRET_FILE = 'join-secret';

/** The text to send with a key: each key has its own, so that no server can use it at another one. */
export const joinProof = (secret: string, key: string) =>
  createHmac('sha256', secret).update(key).digest('base64url');

/** The text to send with a key, where this machine has a join secret already. */
export function knownJoinSecret(folder: string, key: string): string | undefined {
  const secret = readIfThere(join(folder, SECRET_FILE))?.trim() ?? '';
  return secret === '' ? undefined : joinProof(secret, key);
}

/**
 * Reads this machine's join secret, or makes it in a private file when it is first needed. With it, the machine shows
 * the server that it repeats its own registration when the reply to the first one was lost. Returns the text to send
 * with a key.
 */
export function openJoinSecret(folder: string): (key: string) => string {
  const path = join(folder, SECRET_FILE);
  let made = '';
  const make = () => {
    made = randomBytes(32).toString('base64url');
    try {
      writeWhole(path, made);
    } catch {
      // On a full disk the secret lasts as long as this process; `keep` in link.ts tells of the disk.
    }
  };
  return (key) => {
    // Read each time: a machine that became a device of its own has another one.
    const kept = readIfThere(path)?.trim() ?? '';
    if (kept === '' && made === '') make();
    return joinProof(kept === '' ? made : kept, key);
  };
}

/** [F4] The machine is another device from now on. */
export function replaceJoinSecret(folder: string, secret: string): void {
  writeWhole(join(folder, SECRET_FILE), secret);
}
