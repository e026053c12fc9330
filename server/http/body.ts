/** Bodies: read within a limit, inflated within a limit, parsed once. */
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { HttpResponse } from 'uWebSockets.js';
import { LIMITS } from '#protocol/sample.ts';
import { ApiError, errorCode } from '#protocol/errors.ts';

/** Bytes of all bodies being read at one time; past it the server answers 503 (I6). */
const MOST_IN_FLIGHT = 64 * 1024 * 1024;
/** Of those, what one address may have under way: nobody fills the whole with bodies that never end. */
const MOST_OF_ONE = 16 * 1024 * 1024;
/** From the first part on; a client that sends nothing at all is let go of by uWS after ten seconds. */
const DEADLINE_MS = 30_000;

/** A body that is arriving. */
export interface Arriving {
  readonly bytes: Promise<Buffer>;
  /** Lets go of what has arrived: the client is gone, or was answered already. */
  stop(): void;
}

export interface BodyReader {
  /** Call synchronously in the handler, before any await. `from`: the client's address; asked for long bodies only. */
  read(res: HttpResponse, declaredLength: string, from: () => string): Arriving;
}

/** A request whose body is not read, or not wanted. */
export const NO_BODY: Arriving = { bytes: Promise.resolve(Buffer.alloc(0)), stop: () => undefined };

function refused(error: ApiError): Arriving {
  return { bytes: Promise.reject(error), stop: () => undefined };
}

export function createBodyReader(): BodyReader {
  let inFlight = 0;
  const byAddress = new Map<string, number>();

  /** Bytes the address has under way, with these. */
  function hold(address: string, bytes: number): number {
    const sum = (byAddress.get(address) ?? 0) + bytes;
    if (sum > 0) byAddress.set(address, sum);
    else byAddress.delete(address);
    return sum;
  }

  function read(res: HttpResponse, declaredLength: string, from: () => string): Arriving {
    if (Number(declaredLength) > LIMITS.bodyBytes) return refused(new ApiError('too_large'));
    if (inFlight > MOST_IN_FLIGHT) return refused(new ApiError('overloaded', { retryAfterS: 2 }));
    let resolve: (bytes: Buffer) => void = () => undefined;
    let reject: (error: ApiError) => void = () => undefined;
    const bytes = new Promise<Buffer>((yes, no) => {
      resolve = yes;
      reject = no;
    });
    let chunks: Buffer[] = [];
    let size = 0;
    let held = 0;
    let address: string | undefined;
    let settled = false;
    let deadline: NodeJS.Timeout | undefined;
    const settle = (finish: () => void) => {
      if (settled) return;
      settled = true;
      clearTimeout(deadline);
      inFlight -= size;
      if (address !== undefined) hold(address, -held);
      chunks = [];
      finish();
    };
    const late = () => settle(() => reject(new ApiError('body_timeout')));
    res.onData((chunk, isLast) => {
      if (settled) return;
      // uWS reuses the chunk's memory as soon as this returns.
      const copy = Buffer.from(new Uint8Array(chunk));
      size += copy.length;
      inFlight += copy.length;
      if (size > LIMITS.bodyBytes) return settle(() => reject(new ApiError('too_large')));
      chunks.push(copy);
      if (!isLast) {
        deadline ??= setTimeout(late, DEADLINE_MS);
        address ??= from();
        const sum = hold(address, size - held);
        held = size;
        if (sum > MOST_OF_ONE) settle(() => reject(new ApiError('overloaded', { retryAfterS: 2 })));
        return;
      }
      const whole = chunks.length === 1 ? copy : Buffer.concat(chunks, size);
      settle(() => resolve(whole));
    });
    return { bytes, stop: late };
  }

  return { read };
}

/** [I4] Inflates by Content-Encoding; never past the limit, whatever a bomb promises. */
export function inflate(bytes: Buffer, named: string): Buffer {
  const encoding = named.toLowerCase();
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
