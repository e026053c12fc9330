/**
 * A full file of the spool, to be sent as one push: compressed where the disk has room for that, else as it was
 * written.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { removeFile, writeWhole } from '../data-folder/data-folder.ts';

export interface Segment {
  readonly path: string;
  /** On disk. */
  readonly bytes: number;
  readonly samples: number;
}

function isWhole(line: string): boolean {
  try {
    JSON.parse(line);
    return line.startsWith('{');
  } catch {
    // Torn by a crash.
    return false;
  }
}

/** The whole lines of a file as it was written. */
export function readPlain(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').filter(isWhole);
}

/** `00000008.jsonl` → `00000008-600.jsonl.gz`; the plain file is the caller's to remove. @throws on a full disk */
export function compress(path: string, lines: readonly string[]): Segment {
  const data = gzipSync(`${lines.join('\n')}\n`);
  const target = path.replace(/\.jsonl$/, `-${lines.length}.jsonl.gz`);
  try {
    writeWhole(target, data);
  } catch (error) {
    removeFile(`${target}.new`);
    throw error;
  }
  return { path: target, bytes: data.length, samples: lines.length };
}

/** Its samples, oldest first. @throws when it is damaged or gone */
export function readSegment({ path }: Segment): string[] {
  if (!path.endsWith('.gz')) return readPlain(path);
  return gunzipSync(readFileSync(path)).toString('utf8').trimEnd().split('\n');
}
