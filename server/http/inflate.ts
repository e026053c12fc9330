/** Decompresses request bodies. */
import { constants, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { ApiError, errorCode } from '#protocol/errors.ts';

/** As much memory as any zstd decoder is expected to have (RFC 8878): 8 MiB. */
const ZSTD_WINDOW_LOG = 23;

/**
 * Whether the bytes are one zstd frame from its first byte to its last. Node decompresses a frame that is cut off, and
 * one with other bytes behind it, without an error.
 */
function isOneZstdFrame(bytes: Buffer): boolean {
  if (bytes.length < 6 || bytes.readUInt32LE(0) !== 0xfd2fb528) return false;
  const descriptor = bytes.readUInt8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryIdBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const contentSizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  let next = 5 + (isSingleSegment ? 0 : 1) + dictionaryIdBytes + contentSizeBytes;
  for (let isLast = false; !isLast;) {
    if (next + 3 > bytes.length) return false;
    const header = bytes.readUIntLE(next, 3);
    isLast = (header & 1) === 1;
    // A block of type 1 is one byte that is repeated.
    const isRepeat = ((header >> 1) & 3) === 1;
    next += 3 + (isRepeat ? 1 : header >> 3);
  }
  const checksumBytes = (descriptor & 4) === 0 ? 0 : 4;
  return next + checksumBytes === bytes.length;
}

function unzstd(bytes: Buffer, maxOutputLength: number): Buffer {
  if (!isOneZstdFrame(bytes)) throw new ApiError('invalid_encoding');
  const params = { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG };
  return zstdDecompressSync(bytes, { maxOutputLength, params });
}

/**
 * [I4] Decompresses a body. Decompression stops at `maxBytes` of output, so that a zip bomb costs little.
 * @param contentEncoding the header's value, '' when absent
 * @throws ApiError unsupported_encoding, invalid_encoding or too_large
 */
export function inflate(bytes: Buffer, contentEncoding: string, maxBytes: number): Buffer {
  const encoding = contentEncoding.toLowerCase();
  if (encoding === '' || encoding === 'identity') return bytes;
  if (encoding !== 'gzip' && encoding !== 'zstd') throw new ApiError('unsupported_encoding');
  try {
    return encoding === 'gzip' ? gunzipSync(bytes, { maxOutputLength: maxBytes }) : unzstd(bytes, maxBytes);
  } catch (error) {
    const isTooLarge = errorCode(error) === 'ERR_BUFFER_TOO_LARGE';
    throw isTooLarge ? tooLarge(maxBytes) : new ApiError('invalid_encoding');
  }
}

/** The error for a body of more than `maxBytes`, on the wire or inflated. */
export function tooLarge(maxBytes: number): ApiError {
  const message = `The body is too large: at most ${maxBytes / 1024} KiB here, inflated.`;
  return new ApiError('too_large', { message });
}
