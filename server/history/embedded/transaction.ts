import type { DatabaseSync } from 'node:sqlite';

/** Runs `work` as one transaction; a throw undoes it. What it did in memory is the caller's to undo. */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    // On some errors, such as a full disk, SQLite has ended it already.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** A row's single number, or undefined where there is none. */
export function numberOf(row: Record<string, unknown> | undefined, column: string): number | undefined {
  const value = row?.[column];
  return typeof value === 'number' ? value : undefined;
}

export function bytesOf(row: Record<string, unknown> | undefined, column: string): Uint8Array | undefined {
  const value = row?.[column];
  return value instanceof Uint8Array ? value : undefined;
}
