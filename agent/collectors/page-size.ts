/** The bytes of a page of memory, in which the kernel counts some of its figures. */
import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';

/** The key of the page size in the auxiliary vector. */
const AT_PAGESZ = 6n;
const USUAL_PAGE = 4096;

/** /proc/self/auxv, pairs of a key and a value of the machine's word size → the bytes of a page; 4096 where it is not told. */
export function parsePageSize(auxv: Buffer, isLittle = endianness() === 'LE'): number {
  const wordAt = (at: number) => (isLittle ? auxv.readBigUInt64LE(at) : auxv.readBigUInt64BE(at));
  for (let at = 0; at + 16 <= auxv.length; at += 16) {
    if (wordAt(at) === AT_PAGESZ) return Number(wordAt(at + 8));
  }
  return USUAL_PAGE;
}

/** The bytes of a page of this machine; 4096 where it is not told. */
export function pageSize(): number {
  try {
    return parsePageSize(readFileSync('/proc/self/auxv'));
  } catch {
    // Hidden; all but some ARM machines have the usual size.
    return USUAL_PAGE;
  }
}
