/** Counts and tells the rows of the database that turn out to be damaged. */
import type { Log } from '../../types.ts';
import type { UnreadableRow } from './tiers.ts';

/** So many damaged rows are counted, and each of the first ones has a line in the log. */
const MAX_COUNTED_ROWS = 10_000;
const MAX_LOGGED_ROWS = 100;

export interface UnreadableRows {
  note(row: UnreadableRow): void;
  /** How many were found since the start. */
  count(): number;
}

/** @param file path of the database file */
export function createUnreadableRows(
  file: string,
  log: Pick<Log, 'warn'>,
  notice: (text: string) => void,
): UnreadableRows {
  /** Tier, device and time of each row. */
  const found = new Set<string>();
  return {
    note({ tier, device, from, error }) {
      const row = `${tier} ${device} ${from}`;
      if (found.has(row) || found.size >= MAX_COUNTED_ROWS) return;
      found.add(row);
      if (found.size === 1)
        notice(
          `The history database ${file} has damaged rows: charts lack their samples, the log says which. Everything else goes on; check the disk.`,
        );
      if (found.size <= MAX_LOGGED_ROWS)
        log.warn({ err: error, file, tier, device, from }, 'a row of the history database cannot be read');
    },
    count: () => found.size,
  };
}
