/** Websocket frames and the upgrade request, byte by byte: what no proper client would send can be sent too. */
import { randomBytes } from 'node:crypto';

/** A masked websocket frame, as a client must send it: of text, or binary for bytes. */
export function frameOf(message: string | Buffer): Buffer {
  const payload = Buffer.from(message);
  const length = payload.length;
  const start = Buffer.alloc(length > 0xffff ? 10 : length > 125 ? 4 : 2);
  start.writeUInt8(typeof message === 'string' ? 0x81 : 0x82);
  if (length > 0xffff) start.writeBigUInt64BE(BigInt(length), 2);
  else if (length > 125) start.writeUInt16BE(length, 2);
  start.writeUInt8(0x80 | (length > 0xffff ? 127 : length > 125 ? 126 : length), 1);
  const mask = randomBytes(4);
  const masked = payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0));
  return Buffer.concat([start, mask, masked]);
}

/** The text of the first websocket frame and the bytes after it; undefined while the frame is incomplete. */
export function unframe(bytes: Buffer): { text: string; rest: Buffer } | undefined {
  if (bytes.length < 2) return undefined;
  // 126 and 127 mean that the length follows in 2 and in 8 bytes.
  const shortLength = bytes.readUInt8(1) & 0x7f;
  const start = shortLength === 127 ? 10 : shortLength === 126 ? 4 : 2;
  if (bytes.length < start) return undefined;
  const length =
    shortLength === 127
      ? Number(bytes.readBigUInt64BE(2))
      : shortLength === 126
        ? bytes.readUInt16BE(2)
        : shortLength;
  const end = start + length;
  if (bytes.length < end) return undefined;
  return { text: bytes.toString('utf8', start, end), rest: bytes.subarray(end) };
}

/** The request that opens the live connection's websocket. */
export function upgradeRequest(host: string, headers: Readonly<Record<string, string>>, query = ''): string {
  const lines = Object.entries({
    host,
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': randomBytes(16).toString('base64'),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET /socket.io/?EIO=4&transport=websocket${query} HTTP/1.1\r\n${lines.join('')}\r\n`;
}
