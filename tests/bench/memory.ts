/** The memory of another process, from /proc. */
import { readFileSync, writeFileSync } from 'node:fs';

export interface ProcessMemory {
  /** MiB that are in memory, shared or not. */
  readonly rssMiB: number;
  /** The same, with pages that several processes share divided among them. */
  readonly pssMiB: number;
  /** MiB that no other process shares (USS): what the machine gets back when the process ends. */
  readonly ussMiB: number;
  /** The part of it that the process wrote; the rest are pages of its program file, private only while no other process runs that file. */
  readonly writtenMiB: number;
}

export function processMemory(pid: number): ProcessMemory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const mib = (kind: RegExp) =>
    [...text.matchAll(kind)].reduce((sum, match) => sum + Number(match[1]), 0) / 1024;
  return {
    rssMiB: mib(/^Rss:\s+(\d+)/gm),
    pssMiB: mib(/^Pss:\s+(\d+)/gm),
    ussMiB: mib(/^Private_(?:Clean|Dirty|Hugetlb):\s+(\d+)/gm),
    writtenMiB: mib(/^Private_(?:Dirty|Hugetlb):\s+(\d+)/gm),
  };
}

/** The most memory that the process has had resident since `forgetPeak`, MiB. */
export function peakMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
}

/** Makes the memory that is resident now the process's peak. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
