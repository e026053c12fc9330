/**
 * Says which journal position has reached the database file itself. A commit is on disk in the write-ahead
 * file only, and that file may be lost or damaged without harm to the database. A checkpoint copies it into
 * the database and syncs that; only then may the journal forget what was committed.
 */
import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { MINUTE } from '#protocol/span.ts';
import { type Position } from '../history.ts';
import { numberOf } from './database.ts';

/** How often the write-ahead file is copied into the database, in milliseconds. */
const CHECKPOINT_INTERVAL = MINUTE;
/**
 * A larger write-ahead file is copied before anything else is stored, in bytes. A start after a crash reads all of it,
 * and the journal forgets nothing that is only there.
 */
const MAX_WAL_BYTES = 16 * 1024 * 1024;

export interface Checkpoints {
  /** The position that the database held when it was opened; 0 where it was new. */
  readonly storedTo: Position;
  /** The position below which everything is in the database file. */
  readonly durable: Position;
  /** The position that was noted and committed last. */
  readonly noted: Position;
  /** Stores that everything below this position is stored. Call it inside the transaction that makes it so. */
  note(position: Position): void;
  /** Whether the write-ahead file is so large that `run` is to come before anything else is stored. */
  isUrgent(): boolean;
  /**
   * Whether `run` is due, where everything below this position is stored.
   * @param now epoch milliseconds
   */
  isDue(position: Position, now: number): boolean;
  /** Copies everything committed into the database file. Call it outside a transaction. */
  run(now: number): void;
}

/**
 * @param file path of the database file
 * @param now epoch milliseconds
 */
export function openCheckpoints(db: DatabaseSync, file: string, now: number): Checkpoints {
  const put = db.prepare(
    `INSERT INTO meta VALUES ('stored_to', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
  );
  const checkpoint = db.prepare('PRAGMA wal_checkpoint(PASSIVE)');
  const committed = db.prepare(`SELECT value FROM meta WHERE key = 'stored_to'`);
  const readNoted = () => numberOf(committed.get(), 'value') ?? 0;
  const storedTo = readNoted();
  let durable = 0;
  let lastRun = now;
  /** Size of the write-ahead file after the last run: SQLite shortens it only with the next commit. */
  let copiedBytes = 0;

  return {
    storedTo,
    get durable() {
      return durable;
    },
    get noted() {
      return readNoted();
    },
    note(position) {
      put.run(position);
    },
    isUrgent() {
      const bytes = walBytes(file);
      return bytes > MAX_WAL_BYTES && bytes !== copiedBytes;
    },
    isDue(position, time) {
      return position > durable && Math.abs(time - lastRun) >= CHECKPOINT_INTERVAL;
    },
    run(time) {
      lastRun = time;
      const result = checkpoint.get();
      // SQLite copies as much as it can; the rest waits for the next checkpoint.
      if (numberOf(result, 'log') === numberOf(result, 'checkpointed')) durable = readNoted();
      copiedBytes = walBytes(file);
    },
  };
}

/** Size of the write-ahead file beside the database, in bytes. */
function walBytes(file: string): number {
  return statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}
