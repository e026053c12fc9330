/** Records that wait for the disk together: they share one write and one sync. */
import type { Position } from '../history.ts';
import { writeRecord, type RecordFields } from './record.ts';

export interface Group {
  /** The records, one after the other; the first `bytes` of it are in use. */
  buffer: Buffer;
  bytes: number;
  /** The promises of the records' appends, in the order of the records. */
  resolve: ((position: Position) => void)[];
  reject: ((error: Error) => void)[];
}

const FIRST_BYTES = 64 * 1024;
/** A larger buffer is not kept for the next use of a group, so that its memory is given back. */
const MAX_KEPT_BYTES = 4 * 1024 * 1024;

export function emptyGroup(): Group {
  return { buffer: Buffer.allocUnsafe(FIRST_BYTES), bytes: 0, resolve: [], reject: [] };
}

/** Adds a record of `bytes` bytes. The promise settles as whoever writes the group calls `resolve` or `reject`. */
export function addRecord(group: Group, record: RecordFields, bytes: number): Promise<Position> {
  if (group.bytes + bytes > group.buffer.length) enlarge(group, bytes);
  writeRecord(group.buffer, group.bytes, bytes, record);
  group.bytes += bytes;
  return new Promise((resolve, reject) => {
    group.resolve.push(resolve);
    group.reject.push(reject);
  });
}

/** Makes room for `more` bytes. */
function enlarge(group: Group, more: number): void {
  const larger = Buffer.allocUnsafe(Math.max(group.buffer.length * 2, group.bytes + more));
  group.buffer.copy(larger, 0, 0, group.bytes);
  group.buffer = larger;
}

/** Empties a group for its next use. */
export function resetGroup(group: Group): void {
  if (group.buffer.length > MAX_KEPT_BYTES) group.buffer = Buffer.allocUnsafe(FIRST_BYTES);
  group.bytes = 0;
  group.resolve = [];
  group.reject = [];
}
