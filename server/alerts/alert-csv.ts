/** Alerts as CSV (RFC 4180), for spreadsheets. Times are ISO 8601, UTC. */
import { alertSubject } from '#protocol/alert-words.ts';
import type { Alert } from '#protocol/alerts.ts';

type Cell = string | number | boolean | null;

const iso = (t: number | null) => (t === null ? null : new Date(t).toISOString());

const COLUMNS: readonly (readonly [name: string, cell: (alert: Alert) => Cell])[] = [
  ['id', ({ id }) => id],
  ['state', ({ state }) => state],
  ['severity', ({ severity }) => severity],
  ['machine', ({ device_name }) => device_name],
  ['device_id', ({ device_id }) => device_id],
  ['rule', ({ rule_name }) => rule_name],
  ['about', alertSubject],
  ['field', ({ metric }) => metric],
  ['value', ({ value }) => value],
  ['threshold', ({ threshold }) => threshold],
  ['raised', ({ timestamp }) => iso(timestamp)],
  ['resolved', ({ resolved_at }) => iso(resolved_at)],
  ['resolution', ({ resolution }) => resolution],
  ['reopened', ({ reopened }) => reopened],
  ['flapping', ({ flapping }) => flapping],
  ['acknowledged', ({ acknowledged }) => iso(acknowledged?.at ?? null)],
  ['acknowledged_by', ({ acknowledged }) => acknowledged?.by ?? null],
  ['comment', ({ acknowledged }) => acknowledged?.comment ?? null],
  ['comments', ({ comments }) => comments.map(({ by, text }) => `${by}: ${text}`).join('\n')],
];

/**
 * [S6] A text that a spreadsheet would take for a formula begins with an apostrophe, so that it is shown and not
 * calculated. Spaces before the formula are skipped by some, and full-width forms are taken for it by others.
 */
const FORMULA = /^[\s\p{Control}]*[=+\-@\uff1d\uff0b\uff0d\uff20]/u;

function cellText(cell: Cell): string {
  if (typeof cell !== 'string') return cell === null ? '' : String(cell);
  const harmless = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

export function alertsCsv(alerts: readonly Alert[]): string {
  const rows = alerts.map((alert) => COLUMNS.map(([, cell]) => cellText(cell(alert))));
  return [COLUMNS.map(([name]) => name), ...rows].map((row) => `${row.join(',')}\r\n`).join('');
}
