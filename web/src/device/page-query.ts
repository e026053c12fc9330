/** What the address of a machine's page says besides the time: which sections are open, and what it is compared with. */

export interface PageQuery {
  /** Kinds of the open sections; EVENTS, PROCESSES and TRAFFIC for those that are no kind of fields. */
  readonly open: readonly string[];
  /** As `parseComparison` reads it. */
  readonly compare: string | null;
  /** The id of the alert that the page is about. */
  readonly alert: string | null;
  /** The moment whose processes are listed, epoch milliseconds; null: none was chosen. */
  readonly moment: number | null;
}

/** The section of events; no kind of fields begins with two dots. */
export const EVENTS = '..events';
export const PROCESSES = '..processes';
export const TRAFFIC = '..traffic';

export function readPageQuery(search: URLSearchParams): PageQuery {
  const moment = Number(search.get('moment') ?? NaN);
  return {
    open: [...new Set(search.getAll('open'))],
    compare: search.get('compare'),
    alert: search.get('alert'),
    moment: moment > 0 && moment < 8.64e15 ? Math.round(moment) : null,
  };
}

/** The address's query with these parts of it replaced. */
export function withPageQuery(search: URLSearchParams, parts: Partial<PageQuery>): URLSearchParams {
  const next = new URLSearchParams(search);
  if (parts.open !== undefined) {
    next.delete('open');
    for (const kind of parts.open) next.append('open', kind);
  }
  for (const name of ['compare', 'alert', 'moment'] as const) {
    const value = parts[name];
    if (value === undefined) continue;
    if (value === null || value === '') next.delete(name);
    else next.set(name, String(value));
  }
  return next;
}
