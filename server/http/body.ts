/**
 * Reads request bodies as they arrive. [I6] Bodies that are not complete yet are held within a budget, and never cost
 * a complete one: a body that arrives in one piece needs no budget, and past it the oldest incomplete body is given up.
 */
import type { HttpResponse } from 'uWebSockets.js';
import { ApiError } from '#protocol/errors.ts';
import { tooLarge } from './inflate.ts';

/** Bytes of all incomplete bodies of one kind of sender. */
const MAX_ARRIVING_BYTES = 64 * 1024 * 1024;
/** The share of one sender, so that its incomplete bodies cannot use up the budget. */
const MAX_BYTES_PER_SENDER = 4 * 1024 * 1024;
/**
 * Time from a body's first chunk to its last. A client that sends nothing is disconnected by uWS after 10 s.
 */
const DEADLINE_MS = 30_000;

/** A body that is arriving. */
export interface ArrivingBody {
  /** The whole body. Rejects with an ApiError: too_large, overloaded or body_timeout. */
  readonly bytes: Promise<Buffer>;
  /** Whether no more of it can arrive. */
  isComplete(): boolean;
  /** Frees the chunks received so far, when the client disconnected or was already answered. */
  discard(): void;
}

/** What is known of a body before it arrives. */
export interface ExpectedBody {
  /** The Content-Length header, '' when absent. */
  readonly declaredLength: string;
  /** The most that it may have, on the wire. */
  readonly maxBytes: number;
  /** Who sends it: the id of a device whose token is valid, or the network of a stranger. */
  readonly sender: () => string;
}

export interface BodyReader {
  /** Starts reading a body. Must be called synchronously in the uWS handler, before any await. */
  read(res: HttpResponse, expected: ExpectedBody): ArrivingBody;
}

/** The body of a request on a route that reads none. */
export const NO_BODY: ArrivingBody = {
  bytes: Promise.resolve(Buffer.alloc(0)),
  isComplete: () => true,
  discard: () => undefined,
};

function refusedBody(error: ApiError): ArrivingBody {
  return { bytes: Promise.reject(error), isComplete: () => false, discard: () => undefined };
}

/** The bytes of incomplete bodies, of all senders and of each, and how to give up each body, oldest first. */
class Arriving {
  #bytes = 0;
  readonly #bytesBySender = new Map<string, number>();
  readonly #giveUps = new Set<() => void>();

  /** Counts `bytes` more of a body. `giveUp` gives the body up, and MUST call `remove` for it. */
  add(sender: string, bytes: number, giveUp: () => void): void {
    this.#count(sender, bytes);
    this.#giveUps.add(giveUp);
    if ((this.#bytesBySender.get(sender) ?? 0) > MAX_BYTES_PER_SENDER) giveUp();
    for (const giveUpOldest of this.#giveUps) {
      if (this.#bytes <= MAX_ARRIVING_BYTES) return;
      giveUpOldest();
    }
  }

  /** Takes back all `bytes` of a body. */
  remove(sender: string, bytes: number, giveUp: () => void): void {
    this.#count(sender, -bytes);
    this.#giveUps.delete(giveUp);
  }

  #count(sender: string, bytes: number): void {
    this.#bytes += bytes;
    const total = (this.#bytesBySender.get(sender) ?? 0) + bytes;
    if (total > 0) this.#bytesBySender.set(sender, total);
    else this.#bytesBySender.delete(sender);
  }
}

/** Makes the reader of the bodies of one kind of sender: of devices, or of everybody else. */
export function createBodyReader(): BodyReader {
  const arriving = new Arriving();

  function read(res: HttpResponse, { declaredLength, maxBytes, sender }: ExpectedBody): ArrivingBody {
    if (Number(declaredLength) > maxBytes) return refusedBody(tooLarge(maxBytes));
    let resolve: (bytes: Buffer) => void = () => undefined;
    let reject: (error: ApiError) => void = () => undefined;
    const bytes = new Promise<Buffer>((resolveBytes, rejectBytes) => {
      resolve = resolveBytes;
      reject = rejectBytes;
    });
    let chunks: Buffer[] = [];
    let size = 0;
    let counted: { readonly sender: string; bytes: number } | undefined;
    let isComplete = false;
    let isSettled = false;
    let deadline: NodeJS.Timeout | undefined;
    const settle = (finish: () => void) => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(deadline);
      if (counted !== undefined) arriving.remove(counted.sender, counted.bytes, giveUp);
      chunks = [];
      finish();
    };
    const giveUp = () => settle(() => reject(new ApiError('overloaded', { retryAfterS: 2 })));
    const timeOut = () => settle(() => reject(new ApiError('body_timeout')));

    /** Counts what has arrived of a body that is not complete. */
    function hold(chunkBytes: number): void {
      deadline ??= setTimeout(timeOut, DEADLINE_MS);
      counted ??= { sender: sender(), bytes: 0 };
      counted.bytes += chunkBytes;
      arriving.add(counted.sender, chunkBytes, giveUp);
    }

    res.onData((chunk, isLast) => {
      isComplete = isLast;
      if (isSettled) return;
      // uWS reuses the chunk's memory as soon as this callback returns.
      const copy = Buffer.from(new Uint8Array(chunk));
      size += copy.length;
      if (size > maxBytes) return settle(() => reject(tooLarge(maxBytes)));
      chunks.push(copy);
      if (isLast) {
        const whole = chunks.length === 1 ? copy : Buffer.concat(chunks, size);
        return settle(() => resolve(whole));
      }
      hold(copy.length);
    });
    // Nobody reads the error of a body that is discarded.
    return { bytes, isComplete: () => isComplete, discard: timeOut };
  }

  return { read };
}
