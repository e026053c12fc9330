/** The private memory of another process, from /proc. */
import { readFileSync } from 'node:fs';

export interface PrivateMemory {
  /** MiB that no other process has (USS): what ending it gives back. */
  readonly ussMiB: number;
  /** The part it wrote; the rest are pages of its program file, which count only where no other process runs it. */
  readonly writtenMiB: number;
}

export function privateMemory(pid: number): PrivateMemory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const mib = (kind: RegExp) =>
    [...text.matchAll(kind)].reduce((sum, match) => sum + Number(match[1]), 0) / 1024;
  return {
    ussMiB: mib(/^Private_(?:Clean|Dirty|Hugetlb):\s+(\d+)/gm),
    writtenMiB: mib(/^Private_(?:Dirty|Hugetlb):\s+(\d+)/gm),
  };
}
