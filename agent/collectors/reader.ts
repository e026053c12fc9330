/**
 * Reads the same small text files every second. Their handles stay open and one Buffer serves all of them, so a file
 * costs one or two system calls. Made for /proc and /sys: the kernel writes such a file anew for every read at 0.
 */
import { closeSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';

const readAt0 = promisify(read);

interface Reader {
  /** The file's text, or undefined when it cannot be opened or read this time. */
  read(path: string): string | undefined;
  /** The same by another thread, for a file whose driver may let the reader wait. Texts of at most 4 KiB, as in /sys. */
  readAside(path: string): Promise<string | undefined>;
  close(): void;
}

/** The Buffer's first size; it grows to the largest file read. */
const FIRST_BYTES = 16 * 1024;
/** The kernel's longest text in one file of /sys. */
const PAGE = 4096;

export function createReader(): Reader {
  const handles = new Map<string, number>();
  let buffer = Buffer.allocUnsafe(FIRST_BYTES);

  const readAll = (fd: number): string => {
    let length = 0;
    for (;;) {
      if (length === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2);
      const count = readSync(fd, buffer, length, buffer.length - length, length);
      if (count === 0) return buffer.toString('utf8', 0, length);
      length += count;
    }
  };

  const open = (path: string): number => {
    const fd = handles.get(path) ?? openSync(path, 'r');
    handles.set(path, fd);
    return fd;
  };

  const forget = (path: string) => {
    const fd = handles.get(path);
    handles.delete(path);
    if (fd !== undefined) closeSync(fd);
  };

  return {
    read(path) {
      try {
        return readAll(open(path));
      } catch {
        // Gone, hidden or unplugged: to a collector they all mean "not present". The next read opens it again.
        forget(path);
        return undefined;
      }
    },
    async readAside(path) {
      try {
        const { buffer: text, bytesRead } = await readAt0(open(path), {
          buffer: Buffer.allocUnsafe(PAGE),
          position: 0,
        });
        return text.toString('utf8', 0, bytesRead);
      } catch {
        forget(path);
        return undefined;
      }
    },
    close() {
      for (const path of [...handles.keys()]) forget(path);
    },
  };
}
