/**
 * A row of samples or buckets as it is stored: a CRC-32 of its tier, its key and what follows (little-endian),
 * then the encoded table. So a damaged row is noticed, and so is one that stands under another key.
 */
import { crc32 } from 'node:zlib';
import type { TierName } from '../history.ts';
import { decodeTable, encodeTable } from './codec.ts';
import type { Table } from './table.ts';

const CRC_BYTES = 4;
/** What every encoded table begins with. Rows from before there were checksums begin with it too. */
const ZSTD_MAGIC = 0xfd2fb528;

export function encodeBlock(tier: TierName, k: number, table: Table): Uint8Array {
  const encoded = encodeTable(table);
  const block = Buffer.allocUnsafe(CRC_BYTES + encoded.length);
  block.set(encoded, CRC_BYTES);
  block.writeUInt32LE(checksum(tier, k, encoded));
  return block;
}

/**
 * Decodes a row, with the columns whose ids are in `ids`, or all where it is left out.
 * @throws where the row is damaged
 */
export function decodeBlock(tier: TierName, k: number, bytes: Uint8Array, ids?: ReadonlySet<number>): Table {
  const block = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (block.length > 4 && block.readUInt32LE() === ZSTD_MAGIC) return decodeTable(block, ids);
  const encoded = block.subarray(CRC_BYTES);
  if (block.length < CRC_BYTES || block.readUInt32LE() !== checksum(tier, k, encoded))
    throw new Error('the checksum of a stored row is wrong');
  return decodeTable(encoded, ids);
}

function checksum(tier: TierName, k: number, encoded: Uint8Array): number {
  return crc32(encoded, crc32(`${tier} ${k}`));
}
