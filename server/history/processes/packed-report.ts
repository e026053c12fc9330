/** A report as the database keeps it: its rows as lists, compressed. A minute of a machine takes some 400 bytes. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { processReport, type ProcessReport, type ProcessRow } from '#protocol/processes.ts';

/** The order of a row's list; what is missing at its end is as usual. */
const COLUMNS = [
  'name',
  'cpu',
  'cpu_peak',
  'pid',
  'user',
  'memory_bytes',
  'started_at',
  'state',
  'read',
  'written',
  'container',
  'command',
  'count',
  'ended_children',
] as const satisfies readonly (keyof ProcessRow)[];

/** What is left out where it ends a list. */
const isUsual = (column: (typeof COLUMNS)[number], value: unknown) =>
  value === undefined ||
  value === null ||
  (column === 'count' && value === 1) ||
  (column === 'ended_children' && value === false);

function listOf(row: ProcessRow): unknown[] {
  const list: unknown[] = COLUMNS.map((column) => row[column] ?? null);
  let length = list.length;
  for (const column of COLUMNS.toReversed()) {
    if (!isUsual(column, row[column])) break;
    length--;
  }
  return list.slice(0, length);
}

/** What reports were packed to: one is told to the page as the newest, and stored. */
const packedReports = new WeakMap<ProcessReport, string>();

/** The report as JSON. */
export function packReport(report: ProcessReport): string {
  let packed = packedReports.get(report);
  if (packed === undefined) {
    const { rows, ...rest } = report;
    packedReports.set(report, (packed = JSON.stringify({ ...rest, rows: rows.map(listOf) })));
  }
  return packed;
}

export function compress(packed: string): Uint8Array {
  return deflateRawSync(packed);
}

function rowOf(list: unknown): unknown {
  if (!Array.isArray(list)) return undefined;
  const entries = COLUMNS.map((column, place): [string, unknown] => [column, list[place]]);
  // The columns that have a value for what is not known take no null.
  return Object.fromEntries(entries.filter(([, value]) => value !== null && value !== undefined));
}

/** The report of JSON as `packReport` makes it; undefined where it is none. @throws SyntaxError */
export function parsePacked(json: string): ProcessReport | undefined {
  const packed: unknown = JSON.parse(json);
  if (typeof packed !== 'object' || packed === null || !('rows' in packed)) return undefined;
  const { rows } = packed;
  return processReport.safeParse({ ...packed, rows: Array.isArray(rows) ? rows.map(rowOf) : undefined }).data;
}

/** The report of compressed JSON; undefined where it is none. */
export function unpackReport(compressed: Uint8Array): ProcessReport | undefined {
  try {
    return parsePacked(inflateRawSync(compressed).toString('utf8'));
  } catch {
    // A damaged row costs itself only.
    return undefined;
  }
}
