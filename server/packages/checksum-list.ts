/** The list of checksums in a folder of packages, with its signature: what it says, and how far it can be believed. */
import { join } from 'node:path';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { errorText } from '#protocol/errors.ts';
import { checkSignature, parsePublicKey, type Primitives } from '#protocol/minisign.ts';
import { CHECKSUMS, parseChecksums, PUBLIC_KEY, SIGNATURE, type ChecksumsState } from '#protocol/packages.ts';
import { readIfThere } from '../state/data-folder.ts';

const primitives: Primitives = {
  blake2b512: (content) => createHash('blake2b512').update(content).digest(),
  isSignedBy: (spki, content, signature) =>
    verify(
      null,
      content,
      createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }),
      signature,
    ),
};

export interface ChecksumList {
  readonly state: ChecksumsState;
  /** What is wrong, for an administrator; '' while nothing is. */
  readonly problem: string;
  /** The SHA-256 of each package by name; empty where the list is not believed. */
  readonly sums: ReadonlyMap<string, string>;
  /** Of the public key beside it, as minisign shows it. */
  readonly keyId: string | null;
  /** The files of the list as they were checked, by name. */
  readonly files: ReadonlyMap<string, Buffer>;
}

const NOTHING = { sums: new Map<string, string>(), keyId: null, files: new Map<string, Buffer>() } as const;

/** Why the signature does not hold, in words; undefined where it does. */
function signatureProblem(list: Buffer, signature: Buffer, publicKey: Buffer): string | undefined {
  try {
    checkSignature(list, signature.toString('utf8'), parsePublicKey(publicKey.toString('utf8')), primitives);
    return undefined;
  } catch (error) {
    return errorText(error);
  }
}

function keyIdOf(publicKey: Buffer | undefined): string | null {
  if (publicKey === undefined) return null;
  try {
    return parsePublicKey(publicKey.toString('utf8')).id;
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  }
}

/** Reads the list in the folder `dir`. Rejects where a file is there and cannot be read. */
export async function readChecksumList(dir: string): Promise<ChecksumList> {
  const names = [CHECKSUMS, SIGNATURE, PUBLIC_KEY];
  const [list, signature, publicKey] = await Promise.all(names.map((name) => readIfThere(join(dir, name))));
  if (list === undefined) return { ...NOTHING, state: 'none', problem: '' };
  const keyId = keyIdOf(publicKey);
  const again = 'Build the packages again, or copy the whole folder again. Until then none is handed out.';
  if (signature !== undefined && publicKey !== undefined) {
    const why = signatureProblem(list, signature, publicKey);
    if (why !== undefined) {
      const problem = `${SIGNATURE} in ${dir} is no signature of ${CHECKSUMS}: ${why}. ${again}`;
      return { ...NOTHING, keyId, state: 'bad', problem };
    }
  }
  try {
    const sums = parseChecksums(list.toString('utf8'));
    const found = [list, signature, publicKey];
    const files = names.flatMap((name, i) => (found[i] === undefined ? [] : [[name, found[i]] as const]));
    const state = signature === undefined || publicKey === undefined ? 'unsigned' : 'signed';
    return { state, problem: '', sums, keyId, files: new Map(files) };
  } catch (error) {
    return { ...NOTHING, keyId, state: 'unreadable', problem: `${dir}: ${errorText(error)}. ${again}` };
  }
}
