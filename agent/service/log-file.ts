/** A log file for a service whose output nobody reads. It and the one before it are of a limited size. */
import { appendFileSync, renameSync, statSync } from 'node:fs';
import { Writable } from 'node:stream';

const MOST_BYTES = 5 * 1024 * 1024;

/**
 * Appends to `file`. One that reaches `most` bytes is renamed to `<file>.1`, in the place of an earlier one. A line that
 * cannot be written is lost, and the next one is tried again: a full disk may have room then.
 */
export function openLogFile(file: string, most = MOST_BYTES): Writable {
  let size: number | undefined;
  return new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _, done) {
      try {
        size ??= statSync(file, { throwIfNoEntry: false })?.size ?? 0;
        if (size > 0 && size + chunk.length > most) {
          renameSync(file, `${file}.1`);
          size = 0;
        }
        appendFileSync(file, chunk, { mode: 0o600 });
        size += chunk.length;
        done();
      } catch {
        // Nobody else is there to tell.
        size = undefined;
        done();
      }
    },
  });
}
