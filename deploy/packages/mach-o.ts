/**
 * The signature without which macOS on arm64 starts no executable. It is "ad hoc": it names nobody, and says only that
 * the file is as it was built. The form is that of Apple's <kern/cs_blobs.h>, as linkers for macOS write it themselves.
 */
import { createHash } from 'node:crypto';

const MAGIC_64 = 0xfeedfacf;
const LC_SEGMENT_64 = 0x19;
const LC_CODE_SIGNATURE = 0x1d;
const HEADER = 32;
const COMMAND = 16;

/** Each of these many bytes of the file has a hash. */
const PAGE_BITS = 12;
const PAGE = 1 << PAGE_BITS;
const HASH = 32;
const DIRECTORY = 88;
const SUPER_BLOB = 20;

const align = (bytes: number, to: number) => Math.ceil(bytes / to) * to;

interface Segment {
  /** Where its command is in the file. */
  readonly at: number;
  readonly offset: number;
  readonly size: number;
}

interface Layout {
  readonly text: Segment;
  /** The last segment: it holds what the linker left, and the signature. */
  readonly linkEdit: Segment;
  /** Where the commands end, and where what comes after them begins. */
  readonly commandsEnd: number;
  readonly firstSection: number;
}

const number64 = (file: Buffer, at: number) => Number(file.readBigUInt64LE(at));

function readLayout(file: Buffer): Layout {
  if (file.length < HEADER || file.readUInt32LE(0) !== MAGIC_64)
    throw new Error('this is no 64-bit executable of macOS');
  const segments = new Map<string, Segment>();
  let firstSection = file.length;
  let at = HEADER;
  for (let left = file.readUInt32LE(16); left > 0; left--) {
    const command = file.readUInt32LE(at);
    if (command === LC_CODE_SIGNATURE) throw new Error('this executable is signed already');
    if (command === LC_SEGMENT_64) {
      const name = file.toString('latin1', at + 8, at + 24).replace(/\0+$/, '');
      segments.set(name, { at, offset: number64(file, at + 40), size: number64(file, at + 48) });
      for (let section = at + 72; section < at + file.readUInt32LE(at + 4); section += 80) {
        const offset = file.readUInt32LE(section + 48);
        if (offset > 0) firstSection = Math.min(firstSection, offset);
      }
    }
    at += file.readUInt32LE(at + 4);
  }
  const [text, linkEdit] = [segments.get('__TEXT'), segments.get('__LINKEDIT')];
  if (text === undefined || linkEdit === undefined) throw new Error('this executable lacks a segment');
  if (firstSection - at < COMMAND) throw new Error('this executable has no room to name its signature');
  return { text, linkEdit, commandsEnd: at, firstSection };
}

/** The bytes of a signature of `signed` bytes; `identifier` is the program's name in it. */
const signatureSize = (signed: number, identifier: string) =>
  SUPER_BLOB + DIRECTORY + identifier.length + 1 + Math.ceil(signed / PAGE) * HASH;

function signature(signed: Buffer, { offset, size }: Segment, identifier: string): Buffer {
  const blob = Buffer.alloc(signatureSize(signed.length, identifier));
  const words = (at: number, ...values: number[]) => {
    for (const [index, value] of values.entries()) blob.writeUInt32BE(value, at + index * 4);
  };
  const hashes = DIRECTORY + identifier.length + 1;
  const pages = Math.ceil(signed.length / PAGE);
  // A collection of one part, which is the directory of hashes.
  words(0, 0xfade0cc0, blob.length, 1, 0, SUPER_BLOB);
  // Version 2.4; flags: ad hoc, and written by a linker.
  words(SUPER_BLOB, 0xfade0c02, blob.length - SUPER_BLOB, 0x20400, 0x20002);
  words(SUPER_BLOB + 16, hashes, DIRECTORY, 0, pages, signed.length);
  // SHA-256.
  blob.set([HASH, 2, 0, PAGE_BITS], SUPER_BLOB + 36);
  blob.writeBigUInt64BE(BigInt(offset), SUPER_BLOB + 64);
  blob.writeBigUInt64BE(BigInt(size), SUPER_BLOB + 72);
  // The segment that runs is that of a program, not of a library.
  blob.writeBigUInt64BE(1n, SUPER_BLOB + 80);
  blob.write(identifier, SUPER_BLOB + DIRECTORY, 'latin1');
  for (let page = 0; page < pages; page++) {
    const hash = createHash('sha256').update(signed.subarray(page * PAGE, (page + 1) * PAGE));
    blob.set(hash.digest(), SUPER_BLOB + hashes + page * HASH);
  }
  return blob;
}

/** An unsigned executable of macOS → the same, signed ad hoc as `identifier`. @throws an error for any other file */
export function signMachO(file: Buffer, identifier: string): Buffer {
  const { text, linkEdit, commandsEnd } = readLayout(file);
  const start = align(linkEdit.offset + linkEdit.size, 16);
  const bytes = align(signatureSize(start, identifier), 16);
  const signed = Buffer.alloc(start + bytes);
  file.copy(signed, 0, 0, start);

  signed.writeUInt32LE(file.readUInt32LE(16) + 1, 16);
  signed.writeUInt32LE(file.readUInt32LE(20) + COMMAND, 20);
  for (const [index, word] of [LC_CODE_SIGNATURE, COMMAND, start, bytes].entries())
    signed.writeUInt32LE(word, commandsEnd + index * 4);
  const linkEditSize = BigInt(start + bytes - linkEdit.offset);
  signed.writeBigUInt64LE(linkEditSize, linkEdit.at + 48);
  // In memory it ends at a page, which has 16 KiB on arm64.
  signed.writeBigUInt64LE(BigInt(align(Number(linkEditSize), 0x4000)), linkEdit.at + 32);

  signature(signed.subarray(0, start), text, identifier).copy(signed, start);
  return signed;
}
