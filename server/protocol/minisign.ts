/**
 * Signatures as minisign makes them: Ed25519 over the BLAKE2b-512 of a file, with a comment that is signed, too.
 * https://jedisct1.github.io/minisign describes the two files. This reads and checks them; the primitives are handed in,
 * as this folder imports no library of cryptography.
 */
import { z } from 'zod';

/** The algorithm that a public key's and a prehashed signature's file begin with. */
export const KEY_ALGORITHM = 'Ed';
export const SIGNATURE_ALGORITHM = 'ED';
export const UNTRUSTED_COMMENT = 'untrusted comment: ';
export const TRUSTED_COMMENT = 'trusted comment: ';

const ID_BYTES = 8;
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
/** An Ed25519 public key in DER is this, then its 32 bytes. */
export const SPKI_PREFIX = Uint8Array.from([
  0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0,
]);

export interface Primitives {
  /** BLAKE2b with 64 bytes. */
  readonly blake2b512: (content: Uint8Array) => Uint8Array;
  /** Whether the Ed25519 signature of `content` is by the key. `spki`: the public key in DER. */
  readonly isSignedBy: (spki: Uint8Array, content: Uint8Array, signature: Uint8Array) => boolean;
}

export interface PublicKey {
  /** As minisign shows it: 16 upper-case hex digits. */
  readonly id: string;
  readonly spki: Uint8Array;
}

/** The bytes of a Base64 text; undefined for another text. */
function bytesOf(text: string | undefined): Uint8Array | undefined {
  const parsed = z.base64().safeParse(text?.trim());
  return parsed.success ? Uint8Array.from(atob(parsed.data), (one) => one.charCodeAt(0)) : undefined;
}

/** The bytes after the two letters of the algorithm; undefined where the length or the algorithm is another. */
function tagged(text: string | undefined, algorithm: string, length: number): Uint8Array | undefined {
  const bytes = bytesOf(text);
  if (bytes?.length !== 2 + length) return undefined;
  return String.fromCharCode(...bytes.subarray(0, 2)) === algorithm ? bytes.subarray(2) : undefined;
}

/** How minisign shows a key's id: the bytes from the last to the first. */
export const shownId = (id: Uint8Array) =>
  [...id]
    .reverse()
    .map((one) => one.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase();

const joined = (...parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

/** Reads the text of a public key's file; the comment may be missing. @throws Error where it is none */
export function parsePublicKey(text: string): PublicKey {
  const bytes = tagged(text.trim().split('\n').at(-1), KEY_ALGORITHM, ID_BYTES + KEY_BYTES);
  if (bytes === undefined) throw new Error('this is not the public key of minisign');
  return { id: shownId(bytes.subarray(0, ID_BYTES)), spki: joined(SPKI_PREFIX, bytes.subarray(ID_BYTES)) };
}

/**
 * Checks the signature of `content` and of its comment. Returns the trusted comment.
 * @param signature the text of the signature's file
 * @throws Error that says what is wrong
 */
export function checkSignature(
  content: Uint8Array,
  signature: string,
  key: PublicKey,
  { blake2b512, isSignedBy }: Primitives,
): string {
  const [, signatureLine, commentLine = '', wholeLine] = signature.split('\n');
  const bytes = tagged(signatureLine, SIGNATURE_ALGORITHM, ID_BYTES + SIGNATURE_BYTES);
  const whole = bytesOf(wholeLine);
  if (bytes === undefined || whole?.length !== SIGNATURE_BYTES || !commentLine.startsWith(TRUSTED_COMMENT))
    throw new Error('this is not a signature that minisign makes of a hash');
  const signer = shownId(bytes.subarray(0, ID_BYTES));
  if (signer !== key.id) throw new Error(`it is by the key ${signer}, not by ${key.id}`);
  const signed = bytes.subarray(ID_BYTES);
  if (!isSignedBy(key.spki, blake2b512(content), signed))
    throw new Error('the signature is of another content');
  const comment = commentLine.slice(TRUSTED_COMMENT.length);
  if (!isSignedBy(key.spki, joined(signed, new TextEncoder().encode(comment)), whole))
    throw new Error('the signature is of another comment');
  return comment;
}
