/** What the address of a machine's page says besides the time: which sections are open, and what it is compared with. */

export interface PageQuery {
  /** Kinds of the open sections; EVENTS for the list of events. */
  readonly open: readonly string[];
  /** As `parseComparison` reads it. */
  readonly compare: string | null;
  /** The id of the alert that the page is about. */
  readonly alert: string | null;
}

/** The section of events; no kind of fields begins with two dots. */
export const EVENTS = '..events';

export function readPageQuery(search: URLSearchParams): PageQuery {
  return {
    open: [...new Set(search.getAll('open'))],
    compare: search.get('compare'),
    alert: search.get('alert'),
  };
}

/** The address's query with these parts of it replaced. */
export function withPageQuery(search: URLSearchParams, parts: Partial<PageQuery>): URLSearchParams {
  const next = new URLSearchParams(search);
  if (parts.open !== undefined) {
    next.delete('open');
    for (const kind of parts.open) next.append('open', kind);
  }
  for (const name of ['compare', 'alert'] as const) {
    const value = parts[name];
    if (value === undefined) continue;
    if (value === null || value === '') next.delete(name);
    else next.set(name, value);
  }
  return next;
}
