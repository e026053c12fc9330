/**
 * Sends a file without holding more than a piece of it: the next piece is read when the client has taken the last one.
 * uWS cuts a client that takes nothing for 10 s, and the deadline one that takes a little each time.
 */
import type { HttpResponse } from 'uWebSockets.js';
import type { FileReply } from './request.ts';
import type { Exchange } from './send.ts';

const PIECE_BYTES = 128 * 1024;
/** 110 MB at 120 KB/s. */
const DEADLINE_MS = 15 * 60_000;

/** What is under way: `abort` ends it. */
export interface Download {
  /** Resolves when the file was sent whole, or will never be; the file is closed then. */
  readonly over: Promise<void>;
  readonly abort: () => void;
}

/** Hands one piece over, in as many parts as the client takes. Resolves once it is taken, or `gone` is resolved. */
function writePiece(res: HttpResponse, piece: Buffer, total: number, gone: Promise<void>): Promise<void> {
  return Promise.race([
    gone,
    new Promise<void>((resolve) => {
      const begin = res.getWriteOffset();
      const write = (offset: number): boolean => {
        let [isTaken, isWhole] = [false, false];
        res.cork(() => ([isTaken, isWhole] = res.tryEnd(piece.subarray(offset - begin), total)));
        if (isTaken || isWhole) resolve();
        return isTaken || isWhole;
      };
      if (!write(begin)) res.onWritable(write);
    }),
  ]);
}

async function writeFile(res: HttpResponse, reply: FileReply, gone: Promise<void>, isOver: () => boolean) {
  const { file, bytes } = reply;
  const buffer = Buffer.allocUnsafe(Math.min(PIECE_BYTES, Math.max(1, bytes)));
  for (let at = 0; at < bytes && !isOver();) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, bytes - at), at);
    // It became shorter: the client sees a connection that ends too early, and no file that looks whole.
    if (bytesRead === 0) throw new Error(`the file ends after ${at} of ${bytes} bytes`);
    if (isOver()) return;
    await writePiece(res, buffer.subarray(0, bytesRead), bytes, gone);
    at += bytesRead;
  }
}

/** Begins to send. The caller MUST call `abort` when the client disconnects. */
export function sendDownload({ res }: Exchange, reply: FileReply, isHead: boolean): Download {
  let isOver = false;
  let abort: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => {
    abort = () => {
      isOver = true;
      resolve();
    };
  });
  res.cork(() => {
    for (const [name, value] of Object.entries(reply.headers)) res.writeHeader(name, value);
    if (isHead || reply.bytes === 0) res.writeHeader('content-length', String(reply.bytes)).endWithoutBody();
  });
  const cut = () => {
    if (!isOver) res.close();
  };
  const deadline = setTimeout(cut, DEADLINE_MS);
  const sent = isHead ? Promise.resolve() : writeFile(res, reply, gone, () => isOver);
  const over = sent
    .catch((error: unknown) => {
      cut();
      throw error;
    })
    .finally(async () => {
      clearTimeout(deadline);
      isOver = true;
      await reply.file.close();
    });
  return { over, abort };
}
