/** A viewer on a bare TCP socket, which can stop reading, as a stalled browser does. */
import { connect, type Socket } from 'node:net';
import { frameOf, unframe, upgradeRequest } from './frames.ts';

/** Opens a socket and sends the websocket upgrade request, without waiting for the answer. */
function sendUpgrade(port: number, headers: Record<string, string>, query: string): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.write(upgradeRequest(`127.0.0.1:${port}`, headers, query));
  return socket;
}

/**
 * Sends the upgrade request, with `query` added to its query; resolves with the HTTP answer (head and body) and the
 * bytes that came after it.
 */
export async function upgrade(
  port: number,
  headers: Record<string, string>,
  query = '',
): Promise<{ socket: Socket; answer: string; rest: Buffer }> {
  const socket = sendUpgrade(port, headers, query);
  let bytes = Buffer.alloc(0);
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    bytes = Buffer.concat([bytes, chunk]);
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) continue;
    const answer = bytes.toString('utf8', 0, end);
    const length = Number(/content-length: (\d+)/i.exec(answer)?.[1] ?? 0);
    if (bytes.length >= end + 4 + length)
      return {
        socket,
        answer: bytes.toString('utf8', 0, end + 4 + length),
        rest: bytes.subarray(end + 4 + length),
      };
  }
  throw new Error('the server closed the connection before it answered');
}

export interface RawViewer {
  /** Resolves with the text of the next frame. */
  next(): Promise<string>;
  /** Sends each message in a frame, all frames at once. */
  send(...messages: readonly (string | Buffer)[]): void;
  /** Stops reading, so that the server's bytes pile up. */
  stall(): void;
  resume(): void;
  /** Bytes read after the upgrade. */
  bytes(): number;
  close(): void;
  /** Resolves when the connection is closed, by either side. */
  readonly closed: Promise<void>;
}

export async function openRawViewer(port: number, headers: Record<string, string>): Promise<RawViewer> {
  const { socket, rest } = await upgrade(port, headers);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  let unread: Buffer = rest;
  let total = rest.length;
  const texts: string[] = [];
  let wake = () => {};

  function readFrames(): void {
    for (let frame = unframe(unread); frame !== undefined; frame = unframe(unread)) {
      texts.push(frame.text);
      unread = frame.rest;
    }
    if (texts.length > 0) wake();
  }
  socket.on('data', (chunk) => {
    total += chunk.length;
    unread = Buffer.concat([unread, chunk]);
    readFrames();
  });
  readFrames();

  return {
    async next() {
      while (texts.length === 0)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      return texts.shift() ?? '';
    },
    send: (...messages) => socket.write(Buffer.concat(messages.map(frameOf))),
    stall: () => socket.pause(),
    resume: () => socket.resume(),
    bytes: () => total,
    close: () => socket.destroy(),
    closed,
  };
}
