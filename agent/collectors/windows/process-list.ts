/**
 * Takes the list of processes of Windows apart: one call tells of all of them. What a process reads and writes is that of
 * files, whether from a disk or from memory, and of pipes.
 */
import type { ListedProcess } from '../top-processes/listed-table.ts';
import { TICKS } from '../top-processes/table.ts';
import { textAt, wide } from '../bytes.ts';
import type { Answer } from './system-calls.ts';

/** Units of 100 ns in a tick. */
export const UNITS_PER_TICK = 10_000_000 / TICKS;
/** Units of 100 ns from 1601 to 1970. */
const TO_1970 = 116_444_736_000_000_000;

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
      const name = textAt(bytes, address, pointer, bytes.readUInt16LE(start + AT.nameBytes));
      found.push({
        pid,
        parent: at(AT.parent),
        name: name || 'System',
        ticks: (at(AT.user) + at(AT.kernel)) / UNITS_PER_TICK,
        started: Math.max(0, Math.round((at(AT.began) - TO_1970) / UNITS_PER_TICK)),
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
