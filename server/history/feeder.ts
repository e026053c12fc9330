/**
 * Moves committed journal entries into history, in order, one write at a time. Live entries come already
 * parsed; those that do not fit in memory while history cannot take them are dropped here and read again from
 * the journal later (H4). At the start it replays what the journal still holds: history stores each sample once.
 */
import type { Clock, Log } from '../types.ts';
import type { History, Position, SampleBatch } from './history.ts';
import type { Journal, JournalEntry } from './journal/journal.ts';

export type FeederState = { readonly kind: 'feeding' } | { readonly kind: 'retrying'; readonly error: Error };

export interface FeederOptions {
  readonly journal: Pick<Journal, 'read' | 'forget' | 'bytesFrom' | 'start' | 'end'>;
  readonly history: Pick<History, 'write'>;
  /** A journal entry → its samples; undefined (or a throw, which is logged) skips it. */
  readonly decode: (entry: JournalEntry) => SampleBatch | undefined;
  readonly log: Log;
  /** Told of each change. */
  readonly onState?: (state: FeederState) => void;
  /** Samples in one write, about. */
  readonly samplesPerWrite?: number;
  /** Live samples kept in memory, at most. */
  readonly samplesInMemory?: number;
  /** How long live samples are gathered into one write; who waits for `caughtUp` ends it. */
  readonly gatherMs?: number;
  readonly firstRetryMs?: number;
  readonly lastRetryMs?: number;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** In [0, 1): the jitter. */
  readonly random?: () => number;
}

export interface Feeder {
  /** Call once for each entry right after its append resolved. Entries may also be left out: they are read from the journal. */
  committed(position: Position, batch: SampleBatch): void;
  /** Resolves when everything committed before the call has been written to history. */
  caughtUp(): Promise<void>;
  /** Bytes in the journal that history has not taken yet. */
  behindBytes(): number;
  /** Ends after the write under way. What is left is replayed at the next start. */
  stop(): Promise<void>;
}

interface Live {
  readonly position: Position;
  readonly batch: SampleBatch;
}

interface Load {
  readonly batches: SampleBatch[];
  /** Position after the last of them. */
  readonly upTo: Position;
}

export function createFeeder({
  journal,
  history,
  decode,
  log,
  onState = () => undefined,
  samplesPerWrite = 5_000,
  samplesInMemory = 100_000,
  gatherMs = 0,
  firstRetryMs = 1_000,
  lastRetryMs = 30_000,
  clock,
  random = Math.random,
}: FeederOptions): Feeder {
  /** Everything below was written. */
  let written = journal.start;
  /** Live entries without a gap, from `written` up to `tail`. */
  let queue: Live[] = [];
  let tail = written;
  let queued = 0;
  let reader: AsyncGenerator<readonly JournalEntry[]> | undefined;
  /** Read from the journal and not written yet. */
  let unread: JournalEntry[] = [];
  let waiters: { readonly at: Position; readonly done: () => void }[] = [];
  let stopped = false;
  let wake: (() => void) | undefined;

  function committed(position: Position, batch: SampleBatch): void {
    if (position === tail && queued + batch.samples.length <= samplesInMemory) {
      queue.push({ position, batch });
      queued += batch.samples.length;
      tail = position + 1;
    }
    wake?.();
  }

  function takeLive(): Load {
    const batches: SampleBatch[] = [];
    let samples = 0;
    for (const { batch } of queue) {
      if (samples >= samplesPerWrite) break;
      batches.push(batch);
      samples += batch.samples.length;
    }
    const upTo = (queue[batches.length - 1]?.position ?? written) + 1;
    queue = queue.slice(batches.length);
    queued -= samples;
    return { batches, upTo };
  }

  /** From the journal, which holds what was dropped from memory. */
  async function takeStored(): Promise<Load> {
    const end = journal.end;
    if (unread.length === 0) unread = await readOn();
    const batches: SampleBatch[] = [];
    let samples = 0;
    let taken = 0;
    for (const entry of unread) {
      if (samples >= samplesPerWrite) break;
      taken++;
      const batch = parsed(entry);
      if (batch === undefined) continue;
      batches.push(batch);
      samples += batch.samples.length;
    }
    const last = unread[taken - 1];
    unread = unread.slice(taken);
    // Nothing readable up to the end: the rest was lost to damage.
    const upTo = last === undefined ? end : last.position + 1;
    if (queue.length === 0) tail = upTo;
    return { batches, upTo };
  }

  async function readOn(): Promise<JournalEntry[]> {
    for (let attempt = 0; attempt < 2; attempt++) {
      reader ??= journal.read(written);
      const next = await reader.next();
      if (next.done !== true) return [...next.value];
      reader = undefined;
    }
    return [];
  }

  async function leaveReader(): Promise<void> {
    unread = [];
    await reader?.return(undefined);
    reader = undefined;
  }

  function parsed(entry: JournalEntry): SampleBatch | undefined {
    try {
      return decode(entry);
    } catch (error) {
      log.error(
        { err: error, device_id: entry.deviceId, position: entry.position },
        'a journal entry is not understood and is left out of the history',
      );
      return undefined;
    }
  }

  async function write({ batches, upTo }: Load): Promise<void> {
    for (let failures = 0; !stopped; failures++) {
      try {
        const durable = batches.length === 0 ? undefined : await history.write(batches, upTo);
        if (failures > 0) {
          log.info({ behind_bytes: behindBytes() }, 'the history takes samples again');
          onState({ kind: 'feeding' });
        }
        written = upTo;
        if (durable !== undefined) await journal.forget(durable);
        settle();
        return;
      } catch (caught) {
        const error = caught instanceof Error ? caught : new Error(String(caught));
        if (failures === 0)
          log.warn(
            { err: error },
            'the history does not take samples now: the journal keeps them until it does',
          );
        onState({ kind: 'retrying', error });
        await pause(random() * Math.min(lastRetryMs, firstRetryMs * 2 ** failures));
      }
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(ms, resolve);
      stopWaiting = () => {
        cancel();
        resolve();
      };
    });
  }
  let stopWaiting: () => void = () => undefined;

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

  function settle(): void {
    const done = waiters.filter(({ at }) => at <= written);
    if (done.length === 0) return;
    waiters = waiters.filter(({ at }) => at > written);
    for (const waiter of done) waiter.done();
  }

  async function run(): Promise<void> {
    while (!stopped) {
      if (queue.length > 0 && queue[0]?.position === written) {
        await leaveReader();
        if (gatherMs > 0 && waiters.length === 0) await gather();
        await write(takeLive());
      } else if (written < journal.end) {
        await write(await stored());
      } else {
        await new Promise<void>((resolve) => (wake = resolve));
        wake = undefined;
      }
    }
    await leaveReader();
  }

  async function stored(): Promise<Load> {
    for (let failures = 0; !stopped; failures++) {
      try {
        return await takeStored();
      } catch (error) {
        if (failures === 0) log.error({ err: error }, 'the journal cannot be read now; trying again');
        await leaveReader().catch((left: unknown) => log.warn({ err: left }, 'a journal file did not close'));
        await pause(random() * Math.min(lastRetryMs, firstRetryMs * 2 ** failures));
      }
    }
    return { batches: [], upTo: written };
  }

  function behindBytes(): number {
    return journal.bytesFrom(written);
  }

  const running = run();
  return {
    committed,
    behindBytes,
    caughtUp: () => {
      const at = journal.end;
      if (written >= at) return Promise.resolve();
      return new Promise((resolve) => {
        waiters.push({ at, done: resolve });
        wake?.();
        endGathering();
      });
    },
    stop: () => {
      stopped = true;
      wake?.();
      stopWaiting();
      endGathering();
      return running;
    },
  };
}
