/** Takes the list of processes of Windows apart: one call tells of all of them. */
import { textAt, wide } from './bytes.ts';
import type { Answer } from './system-calls.ts';

/** Times are in units of 100 ns. */
export interface ListedProcess {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  /** Processor time that it has used. */
  readonly time: number;
  /** When it began, since 1601. */
  readonly began: number;
  /** Memory that it has now, what it shares with others included. */
  readonly residentBytes: number;
  /** What it has read and written since it began: of files, whether from a disk or from memory, and of pipes. */
  readonly read: number;
  readonly written: number;
}

/** Places in SYSTEM_PROCESS_INFORMATION of 64 bits, on x64 and arm64 alike. */
const AT = {
  ...{ next: 0, began: 32, user: 40, kernel: 48, nameBytes: 56, name: 64, pid: 80, parent: 88 },
  ...{ resident: 144, read: 232, written: 240 },
} as const;
const PROCESS_BYTES = 256;
/** It has no name, and its time is the time of nobody. */
const IDLE = 0;

/** SYSTEM_PROCESS_INFORMATION of each process, without the one that stands for idle processors. */
export function parseProcessList({ bytes, address }: Answer): ListedProcess[] {
  const found: ListedProcess[] = [];
  for (let start = 0; start + PROCESS_BYTES <= bytes.length;) {
    const at = (place: number) => wide(bytes, start + place);
    const pid = at(AT.pid);
    if (pid !== IDLE) {
      const pointer = bytes.readBigUInt64LE(start + AT.name);
      found.push({
        pid,
        parent: at(AT.parent),
        name: textAt(bytes, address, pointer, bytes.readUInt16LE(start + AT.nameBytes)),
        time: at(AT.user) + at(AT.kernel),
        began: at(AT.began),
        residentBytes: at(AT.resident),
        read: at(AT.read),
        written: at(AT.written),
      });
    }
    const next = bytes.readUInt32LE(start + AT.next);
    if (next === 0) break;
    start += next;
  }
  return found;
}
