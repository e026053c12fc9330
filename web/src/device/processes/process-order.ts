/** The order of a table of processes: by which column, and which way. */
import type { ProcessRow } from '#protocol/processes.ts';

export type ProcessColumn =
  | 'name'
  | 'pid'
  | 'user'
  | 'container'
  | 'cpu'
  | 'cpu_peak'
  | 'memory_bytes'
  | 'read'
  | 'written'
  | 'started_at';

export interface ProcessOrder {
  readonly column: ProcessColumn;
  readonly descending: boolean;
}

const isText = (column: ProcessColumn) => column === 'name' || column === 'user' || column === 'container';

/** A click on a column's head: numbers begin with the largest, texts with the first; a second click turns it round. */
export function orderedBy(order: ProcessOrder, column: ProcessColumn): ProcessOrder {
  if (order.column === column) return { column, descending: !order.descending };
  return { column, descending: !isText(column) };
}

/** The rows in order. What is not known comes last, whichever way. */
export function inOrder(rows: readonly ProcessRow[], { column, descending }: ProcessOrder): ProcessRow[] {
  const sign = descending ? -1 : 1;
  return rows.toSorted((one, other) => {
    const [a, b] = [one[column], other[column]];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    if (typeof a === 'string' || typeof b === 'string') return sign * String(a).localeCompare(String(b));
    return sign * (a - b);
  });
}
