/** The journal's records that share one write and one sync, and who waits for them. */
import type { Position } from '../history.ts';

export interface Group {
  buffer: Buffer;
  bytes: number;
  resolve: ((position: Position) => void)[];
  reject: ((error: Error) => void)[];
}

export const emptyGroup = (): Group => ({
  buffer: Buffer.allocUnsafe(64 * 1024),
  bytes: 0,
  resolve: [],
  reject: [],
});

/** A larger copy of the first `used` bytes, with room for `more`. */
export function grown(buffer: Buffer, used: number, more: number): Buffer {
  const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, used + more));
  buffer.copy(larger, 0, 0, used);
  return larger;
}

/** Empties a group for its next use, keeping a buffer of ordinary size. */
export function reset(group: Group): void {
  if (group.buffer.length > 4 * 1024 * 1024) group.buffer = Buffer.allocUnsafe(64 * 1024);
  group.bytes = 0;
  group.resolve = [];
  group.reject = [];
}
