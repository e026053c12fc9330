/**
 * Gives back memory that holds the packaged program's own file. Starting Node reads 60 MiB of it, a running agent a third
 * of that; the kernel keeps the rest as the agent's until memory is short. What is needed again is read again.
 */
import { readFileSync } from 'node:fs';
import { errorText } from '#protocol/errors.ts';
import type { Log } from '../log.ts';
import type { Clock } from '../sampling/clock.ts';
import { isPackagedProgram } from './itself.ts';
import { loadNativeLibrary } from './native-library.ts';

/** The agent has joined, gathered its inventory and run each collector by then. */
const SETTLED_MS = 60_000;
/** A command, an upgrade or a long resending brings pages back. */
const EVERY_MS = 3_600_000;
/** MADV_PAGEOUT of madvise(2), Linux 5.4 and later. */
const PAGE_OUT = 21;

/** A part of the memory, in bytes. */
export interface MemoryRange {
  readonly start: bigint;
  readonly length: bigint;
}

/** Gives a range back, as madvise(2); returns 0 where it succeeded. */
type GiveBack = (start: bigint, length: bigint, advice: number) => number;

/** Where `file` is in memory and nothing can be written, from the text of /proc/self/maps. */
export function readOnlyRanges(maps: string, file: string): MemoryRange[] {
  return maps.split('\n').flatMap((line) => {
    const [, from, to, rights, name] = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \d+ +(.*)$/.exec(line) ?? [];
    if (
      from === undefined ||
      to === undefined ||
      name?.replace(/ \(deleted\)$/, '') !== file ||
      rights?.includes('w')
    )
      return [];
    const start = BigInt(`0x${from}`);
    return [{ start, length: BigInt(`0x${to}`) - start }];
  });
}

async function openGiveBack(data: string): Promise<GiveBack> {
  const koffi = await loadNativeLibrary(data);
  return koffi.load('libc.so.6').func('int madvise(uintptr_t start, size_t length, int advice)');
}

/**
 * Starts giving back, where this is the packaged program on Linux. Returns its stop.
 * @param data the agent's data folder
 */
export function startGivingBack({
  clock,
  data,
  log,
}: {
  readonly clock: Pick<Clock, 'after'>;
  readonly data: string;
  readonly log: Log;
}): () => void {
  if (process.platform !== 'linux' || !isPackagedProgram()) return () => undefined;
  let giveBack: GiveBack | undefined;
  let isStopped = false;
  let cancel = clock.after(SETTLED_MS, run);

  async function once(): Promise<void> {
    giveBack ??= await openGiveBack(data);
    for (const { start, length } of readOnlyRanges(readFileSync('/proc/self/maps', 'utf8'), process.execPath))
      if (giveBack(start, length, PAGE_OUT) !== 0) throw new Error('this kernel does not take memory back');
  }

  function run(): void {
    once().then(
      () => {
        if (!isStopped) cancel = clock.after(EVERY_MS, run);
      },
      (error: unknown) =>
        log.info({ reason: errorText(error) }, 'the agent keeps 40 MiB more memory than it needs'),
    );
  }

  return () => {
    isStopped = true;
    cancel();
  };
}
