/** A viewer on a bare TCP socket, which can stop reading as a stalled browser does. */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/** A masked text frame, as a client must send it; for short texts. */
function frame(text: string): Buffer {
  const payload = Buffer.from(text);
  const mask = randomBytes(4);
  const masked = payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0));
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length]), mask, masked]);
}

/** The first whole frame's text and what follows it; undefined while it is not whole. */
export function unframe(bytes: Buffer): { text: string; rest: Buffer } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes.readUInt8(1) & 0x7f;
  const head = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (bytes.length < head) return undefined;
  const size =
    short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
  if (bytes.length < head + size) return undefined;
  return { text: bytes.toString('utf8', head, head + size), rest: bytes.subarray(head + size) };
}

/** Sends the upgrade request, and waits for nothing. */
function dialRaw(port: number, headers: Record<string, string>): Socket {
  const socket = connect(port, '127.0.0.1');
  const lines = Object.entries({
    host: `127.0.0.1:${port}`,
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': randomBytes(16).toString('base64'),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${lines.join('')}\r\n`);
  return socket;
}

/** The upgrade request, and what it was answered with. */
export async function upgrade(
  port: number,
  headers: Record<string, string>,
): Promise<{ socket: Socket; answer: string; rest: Buffer }> {
  const socket = dialRaw(port, headers);
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
  throw new Error('closed before it was answered');
}

export interface RawViewer {
  /** Text of the next frame of the wire. */
  next(): Promise<string>;
  send(text: string): void;
  /** Stops reading: the server's bytes pile up. */
  stall(): void;
  resume(): void;
  /** Bytes read since it connected. */
  bytes(): number;
  close(): void;
}

export async function openRawViewer(port: number, headers: Record<string, string>): Promise<RawViewer> {
  const { socket, rest } = await upgrade(port, headers);
  let parts: Buffer[] = [rest];
  let total = rest.length;
  const texts: string[] = [];
  let wake = () => {};

  function read(): void {
    let bytes: Buffer = Buffer.concat(parts);
    for (let found = unframe(bytes); found !== undefined; found = unframe(bytes)) {
      texts.push(found.text);
      bytes = found.rest;
    }
    parts = [bytes];
    if (texts.length > 0) wake();
  }
  socket.on('data', (chunk) => {
    total += chunk.length;
    parts.push(chunk);
    read();
  });
  read();

  return {
    async next() {
      while (texts.length === 0)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      return texts.shift() ?? '';
    },
    send: (text) => socket.write(frame(text)),
    stall: () => socket.pause(),
    resume: () => socket.resume(),
    bytes: () => total,
    close: () => socket.destroy(),
  };
}
