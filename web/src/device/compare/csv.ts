/** A comparison as a table for spreadsheets: a row for each time, a column for each line. */
import type { ManySeriesReply } from '#protocol/series.ts';

/** [S6] A name that a spreadsheet would run as a formula is made a text. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The means of the lines; times are ISO 8601 in UTC. */
export function compareCsv({ series }: ManySeriesReply, nameOf: (id: string) => string): string {
  const columns = series.map(({ points }) => new Map(points.map(([t, , mean]) => [t, mean])));
  const times = [...new Set(columns.flatMap((column) => [...column.keys()]))].sort((a, b) => a - b);
  const head = series.map(({ device_id, field }) => cell(`${nameOf(device_id)} ${field}`));
  const rows = times.map((t) => [
    new Date(t).toISOString(),
    ...columns.map((column) => {
      const value = column.get(t);
      return value === undefined || value === null ? '' : String(value);
    }),
  ]);
  return [['time', ...head], ...rows].map((row) => row.join(',')).join('\r\n') + '\r\n';
}
