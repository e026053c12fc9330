/**
 * The binary form of one journal record, little-endian: u32 length of what follows the CRC, u32 CRC-32 of
 * what follows it, f64 time of arrival (epoch milliseconds), u16 length of the device id in bytes, the device
 * id (UTF-8), the payload.
 */
import { crc32 } from 'node:zlib';

/** Length and CRC. */
const PREFIX_BYTES = 8;
/** Time of arrival and length of the device id. */
const FIXED_BYTES = 10;
/** Size of a record with an empty device id and an empty payload. */
export const MIN_RECORD_BYTES = PREFIX_BYTES + FIXED_BYTES;
/** The largest record; where the length field says more, the bytes are damaged. */
export const MAX_RECORD_BYTES = 16 * 1024 * 1024;

export interface RecordFields {
  readonly deviceId: string;
  /** When the push arrived at the server, epoch milliseconds. */
  readonly arrived: number;
  readonly payload: Uint8Array;
}

/** Size of this record on disk, in bytes. */
export function recordBytes(record: RecordFields): number {
  return MIN_RECORD_BYTES + Buffer.byteLength(record.deviceId) + record.payload.length;
}

/** Writes a record into `target` at byte `offset`. `bytes` is its size, as `recordBytes` gives it. */
export function writeRecord(target: Buffer, offset: number, bytes: number, record: RecordFields): void {
  const body = offset + PREFIX_BYTES;
  const idBytes = bytes - MIN_RECORD_BYTES - record.payload.length;
  target.writeDoubleLE(record.arrived, body);
  target.writeUInt16LE(idBytes, body + 8);
  target.write(record.deviceId, body + FIXED_BYTES, idBytes, 'utf8');
  target.set(record.payload, body + FIXED_BYTES + idBytes);
  target.writeUInt32LE(bytes - PREFIX_BYTES, offset);
  target.writeUInt32LE(crc32(target.subarray(body, offset + bytes)), offset + 4);
}

/**
 * `record`: a whole record, and the offset after it. `partial`: the bytes end before the record does. `bad`:
 * no valid record starts here.
 */
export type ReadRecord =
  | { readonly kind: 'record'; readonly record: RecordFields; readonly next: number }
  | { readonly kind: 'partial' }
  | { readonly kind: 'bad' };

const PARTIAL: ReadRecord = { kind: 'partial' };
const BAD: ReadRecord = { kind: 'bad' };

/** Reads the record at byte `offset`. Its payload is a view into `source`, not a copy. */
export function readRecord(source: Buffer, offset: number): ReadRecord {
  if (source.length - offset < PREFIX_BYTES) return PARTIAL;
  const length = source.readUInt32LE(offset);
  if (length < FIXED_BYTES || length > MAX_RECORD_BYTES - PREFIX_BYTES) return BAD;
  const body = offset + PREFIX_BYTES;
  const next = body + length;
  if (next > source.length) return PARTIAL;
  if (crc32(source.subarray(body, next)) !== source.readUInt32LE(offset + 4)) return BAD;
  const id = body + FIXED_BYTES;
  const payload = id + source.readUInt16LE(body + 8);
  if (payload > next) return BAD;
  const record = {
    deviceId: source.toString('utf8', id, payload),
    arrived: source.readDoubleLE(body),
    payload: source.subarray(payload, next),
  };
  return { kind: 'record', record, next };
}

/**
 * The offset of the first whole record at or after byte `from`; undefined where there is none. Used to go on
 * after damage, so bytes that merely look like a record's length are told apart before their CRC is computed.
 */
export function findRecord(source: Buffer, from: number): number | undefined {
  for (let offset = from; offset + MIN_RECORD_BYTES <= source.length; offset++)
    if (mayStartRecord(source, offset) && readRecord(source, offset).kind === 'record') return offset;
  return undefined;
}

function mayStartRecord(source: Buffer, offset: number): boolean {
  const length = source.readUInt32LE(offset);
  const arrived = source.readDoubleLE(offset + PREFIX_BYTES);
  return length >= FIXED_BYTES && length <= source.length - offset - PREFIX_BYTES && isTime(arrived);
}

const isTime = (value: number): boolean => Number.isInteger(value) && value >= 0 && value < 1e14;
