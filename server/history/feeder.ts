/**
 * The feeder moves committed journal entries into history, in order, one write at a time. Entries of new
 * pushes come already decoded. While history cannot take samples, entries that do not fit in memory are
 * dropped here and later read from the journal (H4). At the start the feeder replays what the journal still
 * holds; history stores each sample once, so a replay is harmless.
 */
import type { Clock, Log } from '../types.ts';
import { HistoryBegunAnew, HistoryError, type History, type Position, type SampleBatch } from './history.ts';
import type { Journal, JournalEntry } from './journal/journal.ts';
import { createQueue } from './queue.ts';
import type { EntryBatch, Removals } from './removals.ts';

export type FeederState = { readonly kind: 'feeding' } | { readonly kind: 'retrying'; readonly error: Error };

export interface FeederOptions {
  readonly journal: Pick<Journal, 'read' | 'forget' | 'bytesFrom' | 'start' | 'end'>;
  readonly history: Pick<History, 'write' | 'storedTo'>;
  /** Writes to the history without the samples of removed devices. */
  readonly removals?: Pick<Removals, 'write'>;
  /**
   * Turns a journal entry into samples. Where it returns undefined or throws, the entry is skipped; a throw
   * is logged.
   */
  readonly decode: (entry: JournalEntry) => SampleBatch | undefined;
  readonly log: Log;
  /** Tells administrators of samples that are lost. */
  readonly notice?: (text: string) => void;
  /** Called with the new state when writing begins to fail, at each failed retry, and when it works again. */
  readonly onState?: (state: FeederState) => void;
  /** A write stops gathering entries once it holds this many samples. */
  readonly samplesPerWrite?: number;
  /** A write stops gathering entries from memory once their samples take this many bytes. */
  readonly bytesPerWrite?: number;
  /** Most samples that wait in memory. */
  readonly maxSamplesInMemory?: number;
  /** [I8] About the most memory of the samples that wait in memory: they may have one value each or thousands. */
  readonly maxBytesInMemory?: number;
  /**
   * How long new samples are gathered into one write, in milliseconds; a call of `caughtUp` ends the
   * gathering.
   */
  readonly gatherMs?: number;
  /** Upper limit of the first wait before a retry; it doubles with each failure, up to `maxRetryMs`. */
  readonly firstRetryMs?: number;
  readonly maxRetryMs?: number;
  /**
   * While nothing new comes, the history is asked this often what the journal may forget, in milliseconds.
   */
  readonly trimEveryMs?: number;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** A random number in [0, 1); each wait before a retry is this share of its upper limit. */
  readonly random?: () => number;
}

export interface Feeder {
  /**
   * Call this once for each entry right after the journal has committed it. A call may be left out: the
   * feeder then reads the entry from the journal.
   */
  committed(position: Position, batch: SampleBatch): void;
  /** Resolves when everything committed before the call has been written to history. */
  caughtUp(): Promise<void>;
  /** Size of the journal entries that history has not taken yet, in bytes. */
  behindBytes(): number;
  /**
   * Stops after the write under way, or without it where that takes too long. The next start replays what is left
   * in the journal.
   */
  stop(): Promise<void>;
}

/** The longest wait that a history may ask for before a retry, in milliseconds. */
const MAX_ASKED_MS = 5 * 60_000;

/** How long a stop waits for the write under way, in milliseconds. */
const STOP_MS = 1_500;

/** What goes into history with one write. */
interface NextWrite {
  readonly entries: readonly EntryBatch[];
  /** Position after the last entry of this write. */
  readonly upTo: Position;
}

export function createFeeder({
  journal,
  history,
  removals = {
    write: (entries, upTo) =>
      history.write(
        entries.map(({ batch }) => batch),
        upTo,
      ),
  },
  decode,
  log,
  notice = () => undefined,
  onState = () => undefined,
  samplesPerWrite = 5_000,
  bytesPerWrite = 16 * 1024 * 1024,
  maxSamplesInMemory = 100_000,
  maxBytesInMemory = 64 * 1024 * 1024,
  gatherMs = 0,
  firstRetryMs = 1_000,
  maxRetryMs = 30_000,
  trimEveryMs = 10_000,
  clock,
  random = Math.random,
}: FeederOptions): Feeder {
  /** Every entry below this position has been written to history. */
  let written = journal.start;
  const queue = createQueue({ samples: maxSamplesInMemory, bytes: maxBytesInMemory }, written);
  let reader: AsyncGenerator<readonly JournalEntry[]> | undefined;
  /** Entries that were read from the journal and are not written yet. */
  let replayed: JournalEntry[] = [];
  /** Callers of `caughtUp` that wait until everything below `position` is written. */
  let waiters: { readonly position: Position; readonly resolve: () => void }[] = [];
  let stopped = false;
  /** Whether the stop no longer waited for the write under way; the journal may be closed then. */
  let abandoned = false;
  let wakeUp: (() => void) | undefined;

  function committed(position: Position, batch: SampleBatch): void {
    queue.add(position, batch);
    wakeUp?.();
  }

  function nextFromMemory(): NextWrite {
    const entries = queue.take({ samples: samplesPerWrite, bytes: bytesPerWrite });
    return { entries, upTo: (entries.at(-1)?.position ?? written) + 1 };
  }

  /** Reads the next write from the journal, which also holds the entries that were dropped from memory. */
  async function nextFromJournal(): Promise<NextWrite> {
    const end = journal.end;
    if (replayed.length === 0) replayed = await readNextEntries();
    const entries: EntryBatch[] = [];
    let samples = 0;
    let count = 0;
    for (const entry of replayed) {
      if (samples >= samplesPerWrite) break;
      count++;
      const batch = decodeOrSkip(entry);
      if (batch === undefined) continue;
      entries.push({ position: entry.position, batch });
      samples += batch.samples.length;
    }
    const last = replayed[count - 1];
    replayed = replayed.slice(count);
    // Where the journal gives no more entries before its end, the rest was lost to damage.
    const upTo = last === undefined ? end : last.position + 1;
    if (queue.first === undefined) queue.continueAt(upTo);
    return { entries, upTo };
  }

  /**
   * The next entries of the journal. A reader that has ended is replaced once, as entries may have come
   * since.
   */
  async function readNextEntries(): Promise<JournalEntry[]> {
    for (let attempt = 0; attempt < 2; attempt++) {
      reader ??= journal.read(written);
      const next = await reader.next();
      if (next.done !== true) return [...next.value];
      reader = undefined;
    }
    return [];
  }

  async function closeReader(): Promise<void> {
    replayed = [];
    await reader?.return(undefined);
    reader = undefined;
  }

  function decodeOrSkip(entry: JournalEntry): SampleBatch | undefined {
    try {
      return decode(entry);
    } catch (error) {
      log.error(
        { err: error, device_id: entry.deviceId, position: entry.position },
        'a journal entry cannot be decoded and is left out of the history',
      );
      return undefined;
    }
  }

  /** Writes to history, retrying until it succeeds or the feeder stops. */
  async function write({ entries, upTo }: NextWrite): Promise<void> {
    for (let failures = 0; !stopped; failures++) {
      try {
        const durable = await removals.write(entries, upTo);
        if (abandoned) return;
        if (failures > 0) {
          log.info({ behind_bytes: behindBytes() }, 'the history takes samples again');
          onState({ kind: 'feeding' });
        }
        written = upTo;
        await journal.forget(durable);
        resolveWaiters();
        return;
      } catch (caught) {
        const error = caught instanceof Error ? caught : new Error(String(caught));
        if (stopped) return;
        if (error instanceof HistoryBegunAnew) return startOver();
        if (failures === 0)
          log.warn(
            { err: error },
            'the history cannot take samples now; the journal keeps them until it can',
          );
        onState({ kind: 'retrying', error });
        await waitForRetry(failures, error instanceof HistoryError ? error.retryAfterMs : 0);
      }
    }
  }

  /** Everything that the journal still holds is written again. */
  async function startOver(): Promise<void> {
    await closeReader();
    queue.clear();
    written = journal.start;
    queue.continueAt(written);
  }

  function waitForRetry(failures: number, askedMs = 0): Promise<void> {
    return new Promise((resolve) => {
      const backoffMs = random() * Math.min(maxRetryMs, firstRetryMs * 2 ** failures);
      const ms = Math.max(backoffMs, Math.min(askedMs, MAX_ASKED_MS));
      const cancel = clock.after(ms, resolve);
      endRetryWait = () => {
        cancel();
        resolve();
      };
    });
  }
  let endRetryWait: () => void = () => undefined;

  function gather(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(gatherMs, resolve);
      endGathering = () => {
        cancel();
        resolve();
      };
    });
  }
  let endGathering: () => void = () => undefined;

  function resolveWaiters(): void {
    const served = waiters.filter(({ position }) => position <= written);
    if (served.length === 0) return;
    waiters = waiters.filter(({ position }) => position > written);
    for (const { resolve } of served) resolve();
  }

  async function run(): Promise<void> {
    while (!stopped) {
      if (queue.first === written) {
        await closeReader();
        if (gatherMs > 0 && waiters.length === 0) await gather();
        await write(nextFromMemory());
      } else if (written < journal.end) {
        await write(await nextFromJournalWithRetries());
      } else if (await idle()) {
        await write({ entries: [], upTo: written });
      }
    }
    await closeReader();
  }

  /** Waits for new entries; true where none have come for a while, so that the journal may be trimmed. */
  async function idle(): Promise<boolean> {
    let isTrimDue = false;
    let cancel: (() => void) | undefined;
    await new Promise<void>((resolve) => {
      wakeUp = resolve;
      if (journal.start === written) return;
      cancel = clock.after(trimEveryMs, () => {
        isTrimDue = true;
        resolve();
      });
    });
    cancel?.();
    wakeUp = undefined;
    return isTrimDue;
  }

  async function nextFromJournalWithRetries(): Promise<NextWrite> {
    for (let failures = 0; !stopped; failures++) {
      try {
        return await nextFromJournal();
      } catch (error) {
        if (failures === 0) log.error({ err: error }, 'the journal cannot be read now; trying again');
        await closeReader().catch((closeError: unknown) =>
          log.warn({ err: closeError }, 'a journal file did not close'),
        );
        await waitForRetry(failures);
      }
    }
    return { entries: [], upTo: written };
  }

  function behindBytes(): number {
    return journal.bytesFrom(written);
  }

  if (history.storedTo !== undefined && history.storedTo < journal.start)
    notice(
      `The history has stored the journal's records up to ${history.storedTo}, but the journal begins with record ${journal.start}: the samples between them are missing. Either the history's files were removed, replaced or damaged, or another history was used before.`,
    );
  const running = run();
  return {
    committed,
    behindBytes,
    caughtUp: () => {
      const position = journal.end;
      if (written >= position) return Promise.resolve();
      return new Promise((resolve) => {
        waiters.push({ position, resolve });
        wakeUp?.();
        endGathering();
      });
    },
    async stop() {
      stopped = true;
      wakeUp?.();
      endRetryWait();
      endGathering();
      abandoned = !(await endsInTime(running, STOP_MS, clock));
    },
  };
}

/** Waits for `work`, but at most `ms` milliseconds. Returns whether it ended; rejects as `work` does. */
export async function endsInTime(
  work: Promise<unknown>,
  ms: number,
  clock: Pick<Clock, 'after'>,
): Promise<boolean> {
  let cancel: () => void = () => undefined;
  const late = new Promise<boolean>((resolve) => {
    cancel = clock.after(ms, () => resolve(false));
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    cancel();
  }
}
