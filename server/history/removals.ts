/**
 * [I8] Deletes what the history holds of removed devices. A removal is on disk before anything is deleted, and is tried
 * until it succeeds, so that a history that is away, or a restart of the server, does not keep the samples.
 *
 * Meanwhile a new device may join with the same id. What the journal holds from before the removal is of the removed
 * device and is left out; a write with samples of the new one waits for the deletion.
 */
import type { Collection } from '../state/collection.ts';
import type { RemovalRecord } from '../state/records.ts';
import type { Clock, Log } from '../types.ts';
import { errorText } from '#protocol/errors.ts';
import type { History, Position, SampleBatch } from './history.ts';
import type { Journal } from './journal/journal.ts';

/** How long after a failed try the next one follows, in milliseconds. */
const RETRY_MS = 5_000;

/** The samples of one journal entry. */
export interface EntryBatch {
  readonly position: Position;
  readonly batch: SampleBatch;
}

export interface RemovalsParts {
  readonly records: Collection<RemovalRecord>;
  readonly history: Pick<History, 'write' | 'remove'>;
  readonly journal: Pick<Journal, 'start' | 'end'>;
  /** When the device with this id was registered, epoch milliseconds; undefined where there is none. */
  readonly registeredAt: (deviceId: string) => number | undefined;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly log: Log;
  /** Called with a sentence while devices cannot be deleted, and with null when they are. */
  readonly onProblem: (text: string | null) => void;
}

export interface Removals {
  /**
   * Puts on disk that the device is to be deleted, before it is removed elsewhere. Resolves with a function that takes
   * this back.
   */
  note(deviceId: string): Promise<() => void>;
  /** Deletes a device that was noted. Resolves after the first try; the next ones follow by themselves. */
  carryOut(deviceId: string): Promise<void>;
  /** Whether the history may still hold samples of a removed device with this id. */
  waits(deviceId: string): boolean;
  /** As the history's `write`, without the samples of removed devices. */
  write(entries: readonly EntryBatch[], upTo: Position): Promise<Position>;
  stop(): void;
}

export function createRemovals(parts: RemovalsParts): Removals {
  const { records, history, journal, registeredAt, clock, log, onProblem } = parts;
  /** The devices whose deletion is still to be done. */
  const waiting = new Set<string>();
  /** The tries under way. */
  const deleting = new Map<string, Promise<void>>();
  /** The write under way, or the last one. */
  let writing: Promise<unknown> = Promise.resolve();
  let cancelRetry: (() => void) | undefined;
  let stopped = false;

  /** Forgets removals that nothing in the journal is older than. */
  function forgetDone(): void {
    for (const { id, deleted, before } of records.all())
      if (deleted && before <= journal.start) records.drop(id);
  }

  function resume(record: RemovalRecord): void {
    const registered = registeredAt(record.id);
    // The server ended before the device itself was removed, and nobody was told that it was.
    if (!record.deleted && registered !== undefined && registered <= record.removed_at)
      return records.drop(record.id);
    // A journal that was lost begins again at 0.
    if (record.before > journal.end) records.keep({ ...record, before: journal.end });
    if (!record.deleted) waiting.add(record.id);
  }

  async function tryToDelete(deviceId: string): Promise<void> {
    // A write that began earlier may hold samples of the device.
    await writing.catch(() => undefined);
    await history.remove(deviceId);
    const record = records.get(deviceId);
    if (stopped || record === undefined) return;
    await records.put({ ...record, deleted: true });
    waiting.delete(deviceId);
    if (waiting.size === 0) onProblem(null);
    forgetDone();
  }

  /** Rejects where the device cannot be deleted now; the next try then follows. */
  function deleteNow(deviceId: string): Promise<void> {
    let under = deleting.get(deviceId);
    if (under === undefined) {
      under = tryToDelete(deviceId)
        .catch((error: unknown) => {
          noteFailure(error);
          throw error;
        })
        .finally(() => deleting.delete(deviceId));
      deleting.set(deviceId, under);
    }
    return under;
  }

  function noteFailure(error: unknown): void {
    if (stopped) return;
    const devices = waiting.size === 1 ? 'a removed device' : `${waiting.size} removed devices`;
    onProblem(
      `The history of ${devices} could not be deleted: ${errorText(error)}. It is tried again until it is deleted.`,
    );
    cancelRetry ??= clock.after(RETRY_MS, () => {
      cancelRetry = undefined;
      tryAll();
    });
  }

  function tryAll(): void {
    for (const deviceId of waiting)
      deleteNow(deviceId).catch((error: unknown) =>
        log.debug({ err: error, device_id: deviceId }, 'a removed device is deleted later'),
      );
  }

  /** Whether a journal entry is of a removed device. */
  function isOfRemoved({ position, batch: { deviceId } }: EntryBatch): boolean {
    const record = records.get(deviceId);
    return record !== undefined && position < record.before && (record.deleted || waiting.has(deviceId));
  }

  for (const record of records.all()) resume(record);
  forgetDone();
  tryAll();

  return {
    async note(deviceId) {
      const earlier = records.get(deviceId);
      await records.put({ id: deviceId, removed_at: clock.now(), before: journal.end, deleted: false });
      return () => (earlier === undefined ? records.drop(deviceId) : records.keep(earlier));
    },
    async carryOut(deviceId) {
      const record = records.get(deviceId);
      // Its last pushes may have come since it was noted.
      if (record !== undefined) records.keep({ ...record, before: journal.end });
      waiting.add(deviceId);
      await deleteNow(deviceId).catch((error: unknown) =>
        log.warn({ err: error, device_id: deviceId }, 'a removed device is deleted later'),
      );
    },
    waits: (deviceId) => waiting.has(deviceId),
    async write(entries, upTo) {
      for (;;) {
        const kept = entries.filter((entry) => !isOfRemoved(entry)).map(({ batch }) => batch);
        const blocked = kept.find(({ deviceId }) => waiting.has(deviceId));
        if (blocked !== undefined) {
          await deleteNow(blocked.deviceId);
          continue;
        }
        const write = history.write(kept, upTo);
        writing = write;
        return write;
      }
    },
    stop() {
      stopped = true;
      cancelRetry?.();
    },
  };
}
