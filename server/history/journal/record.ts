/**
 * One journal record in bytes, little-endian: u32 length of what follows the CRC, u32 CRC-32 of it,
 * f64 arrival (epoch ms), u16 length of the device id, the device id (UTF-8), the payload.
 */
import { crc32 } from 'node:zlib';

const PREFIX = 8;
const FIXED = 10;
/** The smallest record there can be. */
export const RECORD_LEAST_BYTES = PREFIX + FIXED;
/** A longer length field is damage, not a record. */
export const RECORD_MOST_BYTES = 16 * 1024 * 1024;

export interface RecordFields {
  readonly deviceId: string;
  /** When the server took it, epoch milliseconds. */
  readonly arrived: number;
  readonly payload: Uint8Array;
}

/** Bytes this record takes. */
export function recordBytes(record: RecordFields): number {
  return RECORD_LEAST_BYTES + Buffer.byteLength(record.deviceId) + record.payload.length;
}

/** Writes a record of `bytes` bytes (see `recordBytes`) into `target` at `at`. */
export function writeRecord(target: Buffer, at: number, bytes: number, record: RecordFields): void {
  const body = at + PREFIX;
  const idBytes = bytes - RECORD_LEAST_BYTES - record.payload.length;
  target.writeDoubleLE(record.arrived, body);
  target.writeUInt16LE(idBytes, body + 8);
  target.write(record.deviceId, body + FIXED, idBytes, 'utf8');
  target.set(record.payload, body + FIXED + idBytes);
  target.writeUInt32LE(bytes - PREFIX, at);
  target.writeUInt32LE(crc32(target.subarray(body, at + bytes)), at + 4);
}

/** `partial`: the bytes end before the record does. `bad`: no record starts here. */
export type ReadRecord =
  | { readonly kind: 'record'; readonly record: RecordFields; readonly next: number }
  | { readonly kind: 'partial' }
  | { readonly kind: 'bad' };

const PARTIAL: ReadRecord = { kind: 'partial' };
const BAD: ReadRecord = { kind: 'bad' };

/** The record at `at`. Its payload is a view into `source`. */
export function readRecord(source: Buffer, at: number): ReadRecord {
  if (source.length - at < PREFIX) return PARTIAL;
  const length = source.readUInt32LE(at);
  if (length < FIXED || length > RECORD_MOST_BYTES - PREFIX) return BAD;
  const body = at + PREFIX;
  const next = body + length;
  if (next > source.length) return PARTIAL;
  if (crc32(source.subarray(body, next)) !== source.readUInt32LE(at + 4)) return BAD;
  const id = body + FIXED;
  const payload = id + source.readUInt16LE(body + 8);
  if (payload > next) return BAD;
  const record = {
    deviceId: source.toString('utf8', id, payload),
    arrived: source.readDoubleLE(body),
    payload: source.subarray(payload, next),
  };
  return { kind: 'record', record, next };
}

/** Whether a whole record starts anywhere in `source`: then what precedes it is damage, not a torn tail. */
export function holdsRecord(source: Buffer): boolean {
  for (let at = 0; at + RECORD_LEAST_BYTES <= source.length; at++)
    if (readRecord(source, at).kind === 'record') return true;
  return false;
}
