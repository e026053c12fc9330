/**
 * Signatures as minisign makes and checks them: Ed25519 over the BLAKE2b-512 of a file, with a comment that is signed,
 * too. https://jedisct1.github.io/minisign describes the two files.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from '#protocol/errors.ts';

/** An Ed25519 key in DER ends with its 32 bytes. */
const rawPublicKey = (key: KeyObject) =>
  createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(-32);

/** What tells keys apart: eight bytes, of the key itself. */
const idOf = (key: KeyObject) => createHash('sha256').update(rawPublicKey(key)).digest().subarray(0, 8);

/** The key in `file`, which only its owner may read. Without the file a new key is made and written there. */
export function signingKey(file: string): KeyObject {
  try {
    return createPrivateKey(readFileSync(file, 'utf8'));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  const { privateKey } = generateKeyPairSync('ed25519');
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
  return privateKey;
}

/** The text of the public key's file. */
export function publicKeyText(key: KeyObject): string {
  const id = idOf(key);
  const bytes = Buffer.concat([Buffer.from('Ed'), id, rawPublicKey(key)]);
  const shown = Buffer.from(id).reverse().toString('hex').toUpperCase();
  return `untrusted comment: minisign public key ${shown}\n${bytes.toString('base64')}\n`;
}

/** The text of the signature's file for `content`. `comment`: one line, signed with it. */
export function signatureText(key: KeyObject, content: Buffer, comment: string): string {
  const signature = sign(null, createHash('blake2b512').update(content).digest(), key);
  const whole = sign(null, Buffer.concat([signature, Buffer.from(comment)]), key);
  return [
    'untrusted comment: signature of a Watchfloor release',
    Buffer.concat([Buffer.from('ED'), idOf(key), signature]).toString('base64'),
    `trusted comment: ${comment}`,
    whole.toString('base64'),
    '',
  ].join('\n');
}
