/**
 * Reads /proc/<pid>/stat from bytes: thousands of them are read every minute, so nothing but the numbers that are used is
 * made of them.
 */

export interface ProcessStat {
  pid: number;
  /** The kernel's letter; '' where it has none. */
  state: string;
  parent: number;
  /** A thread of the kernel. */
  isKernel: boolean;
  /** Processor time that it has used, in ticks of a hundredth of a second. */
  ticks: number;
  /** The same of its children that have ended and that it has waited for, and of theirs. */
  endedTicks: number;
  /** When it began, in ticks since boot. A pid that is used again has another one. */
  started: number;
  /** Resident memory, in pages. */
  pages: number;
}

const SPACE = 0x20;
const OPENING = 0x28;
const CLOSING = 0x29;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/** The kernel's flag of its own threads. */
const PF_KTHREAD = 0x0020_0000;

/** The places of the numbers after the state, counted from 0. */
const PARENT = 0;
const FLAGS = 5;
const USER = 10;
const SYSTEM = 11;
const ENDED_USER = 12;
const ENDED_SYSTEM = 13;
const STARTED = 18;
const PAGES = 20;

/** One array for all readings: its numbers are taken out at once. */
const numbers = new Float64Array(PAGES + 1);

/** Fills `numbers` with what follows in `bytes` from `at`; false where there are too few numbers. */
function readNumbers(bytes: Uint8Array, at: number, length: number): boolean {
  let place = at;
  for (let index = 0; index <= PAGES; index++) {
    while (bytes[place] === SPACE) place++;
    const isNegative = bytes[place] === MINUS;
    if (isNegative) place++;
    const first = place;
    let value = 0;
    for (; place < length; place++) {
      const digit = bytes[place] ?? SPACE;
      if (digit < ZERO || digit > NINE) break;
      value = value * 10 + (digit - ZERO);
    }
    if (place === first) return false;
    numbers[index] = isNegative ? -value : value;
  }
  return true;
}

const number = (place: number) => numbers[place] ?? 0;

/**
 * The first `length` of `bytes` as a reading; undefined for anything else. The name of a process may hold spaces and
 * parentheses: it ends at the last parenthesis.
 */
export function parseStat(bytes: Uint8Array, length: number): ProcessStat | undefined {
  const end = bytes.subarray(0, length).lastIndexOf(CLOSING);
  const state = bytes[end + 2];
  if (end < 0 || state === undefined || !readNumbers(bytes, end + 3, length)) return undefined;
  const pid = Number.parseInt(
    String.fromCharCode(...bytes.subarray(0, Math.max(0, bytes.indexOf(SPACE)))),
    10,
  );
  if (Number.isNaN(pid)) return undefined;
  return {
    pid,
    state: String.fromCharCode(state),
    parent: number(PARENT),
    isKernel: (number(FLAGS) & PF_KTHREAD) !== 0,
    ticks: number(USER) + number(SYSTEM),
    endedTicks: number(ENDED_USER) + number(ENDED_SYSTEM),
    started: number(STARTED),
    pages: number(PAGES),
  };
}

/** The name in the same bytes, of at most 15 characters; the kernel keeps no more. */
export function nameIn(bytes: Buffer, length: number): string {
  const begin = bytes.indexOf(OPENING);
  const end = bytes.subarray(0, length).lastIndexOf(CLOSING);
  return begin < 0 || end < begin ? '' : bytes.toString('utf8', begin + 1, end);
}
