/** Reads and decompresses request bodies, both within limits. */
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { HttpResponse } from 'uWebSockets.js';
import { LIMITS } from '#protocol/sample.ts';
import { ApiError, errorCode } from '#protocol/errors.ts';

/** [I6] Bytes of all bodies that are arriving at one time; above this limit the server answers 503. */
const MAX_ARRIVING_BYTES = 64 * 1024 * 1024;
/** [I6] The share of one client address, so that one client's unfinished bodies cannot use up the limit. */
const MAX_ARRIVING_BYTES_PER_ADDRESS = 16 * 1024 * 1024;
/**
 * Time from a body's first chunk to its last. A client that sends nothing is disconnected by uWS after 10 s.
 */
const DEADLINE_MS = 30_000;

/** A body that is arriving. */
export interface ArrivingBody {
  /** The whole body. Rejects with an ApiError: too_large, overloaded or body_timeout. */
  readonly bytes: Promise<Buffer>;
  /** Frees the chunks received so far, when the client disconnected or was already answered. */
  discard(): void;
}

export interface BodyReader {
  /**
   * Starts reading a body. Must be called synchronously in the uWS handler, before any await.
   * @param declaredLength the Content-Length header, '' when absent
   * @param clientAddress called only for a body of several chunks
   */
  read(res: HttpResponse, declaredLength: string, clientAddress: () => string): ArrivingBody;
}

/** The body of a request on a route that reads none. */
export const NO_BODY: ArrivingBody = { bytes: Promise.resolve(Buffer.alloc(0)), discard: () => undefined };

function refusedBody(error: ApiError): ArrivingBody {
  return { bytes: Promise.reject(error), discard: () => undefined };
}

export function createBodyReader(): BodyReader {
  let arrivingBytes = 0;
  const bytesByAddress = new Map<string, number>();

  /**
   * Adds to the arriving bytes of an address; a negative number subtracts. Returns the address's new total.
   */
  function addBytes(address: string, bytes: number): number {
    const total = (bytesByAddress.get(address) ?? 0) + bytes;
    if (total > 0) bytesByAddress.set(address, total);
    else bytesByAddress.delete(address);
    return total;
  }

  function read(res: HttpResponse, declaredLength: string, clientAddress: () => string): ArrivingBody {
    if (Number(declaredLength) > LIMITS.bodyBytes) return refusedBody(new ApiError('too_large'));
    if (arrivingBytes > MAX_ARRIVING_BYTES)
      return refusedBody(new ApiError('overloaded', { retryAfterS: 2 }));
    let resolve: (bytes: Buffer) => void = () => undefined;
    let reject: (error: ApiError) => void = () => undefined;
    const bytes = new Promise<Buffer>((resolveBytes, rejectBytes) => {
      resolve = resolveBytes;
      reject = rejectBytes;
    });
    let chunks: Buffer[] = [];
    let size = 0;
    let countedForAddress = 0;
    let address: string | undefined;
    let settled = false;
    let deadline: NodeJS.Timeout | undefined;
    const settle = (finish: () => void) => {
      if (settled) return;
      settled = true;
      clearTimeout(deadline);
      arrivingBytes -= size;
      if (address !== undefined) addBytes(address, -countedForAddress);
      chunks = [];
      finish();
    };
    const timeOut = () => settle(() => reject(new ApiError('body_timeout')));
    res.onData((chunk, isLast) => {
      if (settled) return;
      // uWS reuses the chunk's memory as soon as this callback returns.
      const copy = Buffer.from(new Uint8Array(chunk));
      size += copy.length;
      arrivingBytes += copy.length;
      if (size > LIMITS.bodyBytes) return settle(() => reject(new ApiError('too_large')));
      chunks.push(copy);
      if (!isLast) {
        deadline ??= setTimeout(timeOut, DEADLINE_MS);
        address ??= clientAddress();
        const total = addBytes(address, size - countedForAddress);
        countedForAddress = size;
        if (total > MAX_ARRIVING_BYTES_PER_ADDRESS)
          settle(() => reject(new ApiError('overloaded', { retryAfterS: 2 })));
        return;
      }
      const whole = chunks.length === 1 ? copy : Buffer.concat(chunks, size);
      settle(() => resolve(whole));
    });
    return { bytes, discard: timeOut };
  }

  return { read };
}

/**
 * [I4] Decompresses a body. Decompression stops at 1 MiB of output, so that a zip bomb costs little.
 * @param contentEncoding the header's value, '' when absent
 * @throws ApiError unsupported_encoding, invalid_encoding or too_large
 */
export function inflate(bytes: Buffer, contentEncoding: string): Buffer {
  const encoding = contentEncoding.toLowerCase();
  if (encoding === '' || encoding === 'identity') return bytes;
  if (encoding !== 'gzip' && encoding !== 'zstd') throw new ApiError('unsupported_encoding');
  const options = { maxOutputLength: LIMITS.bodyBytes };
  try {
    return encoding === 'gzip' ? gunzipSync(bytes, options) : zstdDecompressSync(bytes, options);
  } catch (error) {
    const tooLarge = errorCode(error) === 'ERR_BUFFER_TOO_LARGE';
    throw new ApiError(tooLarge ? 'too_large' : 'invalid_encoding');
  }
}
