/** Makes one report of the reports of a range: processes of one name, user and container together. */
import { PROCESS_LIMITS, type ProcessReport, type ProcessRow } from '#protocol/processes.ts';

/** One name in the range. */
interface Gathered {
  row: ProcessRow;
  readonly pids: Set<number>;
  /** Percent of the machine times seconds. */
  cpu: number;
  /** Bytes; null where no report knew them. */
  read: number | null;
  written: number | null;
}

const keyOf = ({ name, user, container, ended_children }: ProcessRow) =>
  JSON.stringify([name, user, container, ended_children]);

const added = (sum: number | null, rate: number | null, seconds: number) =>
  rate === null ? sum : (sum ?? 0) + rate * seconds;

const larger = (one: number | null, other: number | null) =>
  one === null || other === null ? (one ?? other) : Math.max(one, other);

function gather(all: Map<string, Gathered>, row: ProcessRow, seconds: number): void {
  const key = keyOf(row);
  let own = all.get(key);
  if (own === undefined) all.set(key, (own = { row, pids: new Set(), cpu: 0, read: null, written: null }));
  if (row.pid !== null) own.pids.add(row.pid);
  own.cpu += row.cpu * seconds;
  own.read = added(own.read, row.read, seconds);
  own.written = added(own.written, row.written, seconds);
  own.row = {
    ...row,
    count: Math.max(row.count, own.row.count),
    cpu_peak: Math.max(row.cpu_peak, own.row.cpu_peak),
    memory_bytes: larger(row.memory_bytes, own.row.memory_bytes),
  };
}

function rowOf({ row, pids, cpu, read, written }: Gathered, seconds: number): ProcessRow {
  const isOne = pids.size === 1 && row.count === 1;
  return {
    ...row,
    ...(isOne ? {} : { pid: null, started_at: null, state: null, command: undefined }),
    count: row.ended_children ? 1 : Math.max(row.count, pids.size),
    cpu: Math.round((cpu / seconds) * 100) / 100,
    read: read === null ? null : Math.round(read / seconds),
    written: written === null ? null : Math.round(written / seconds),
  };
}

/** How many rows are kept for the most of each. */
const MOST = { cpu: 16, peak: 8, memory: 8, disk: 8 } as const;

/** The rows that used most of something, those that used most of the processors first. */
function mostOf(rows: readonly ProcessRow[]): ProcessRow[] {
  const by = (count: number, of: (row: ProcessRow) => number) =>
    rows.toSorted((one, other) => of(other) - of(one)).slice(0, count);
  const kept = new Set([
    ...by(MOST.cpu, ({ cpu }) => cpu),
    ...by(MOST.peak, ({ cpu_peak }) => cpu_peak),
    ...by(MOST.memory, ({ memory_bytes }) => memory_bytes ?? 0),
    ...by(MOST.disk, ({ read, written }) => (read ?? 0) + (written ?? 0)),
  ]);
  return rows
    .filter((row) => kept.has(row))
    .toSorted((one, other) => other.cpu - one.cpu)
    .slice(0, PROCESS_LIMITS.rowsPerReport);
}

/** `reports`: oldest first. A single one is answered as it is; none makes null. */
export function mergeReports(reports: readonly ProcessReport[]): ProcessReport | null {
  const last = reports.at(-1);
  if (last === undefined || reports.length === 1) return last ?? null;
  const seconds = reports.reduce((sum, { period_s }) => sum + period_s, 0);
  const known = reports.filter(({ cpu }) => cpu !== null);
  const knownSeconds = known.reduce((sum, { period_s }) => sum + period_s, 0);
  const busy = known.reduce((sum, { cpu, period_s }) => sum + (cpu ?? 0) * period_s, 0);
  const gathered = new Map<string, Gathered>();
  for (const { rows, period_s } of reports) for (const row of rows) gather(gathered, row, period_s);
  return {
    at: last.at,
    period_s: Math.round(seconds * 10) / 10,
    cpu: knownSeconds === 0 ? null : Math.round((busy / knownSeconds) * 100) / 100,
    total: Math.max(...reports.map(({ total }) => total)),
    hidden: [...new Set(reports.flatMap(({ hidden }) => hidden))],
    rows: mostOf([...gathered.values()].map((own) => rowOf(own, seconds))),
  };
}
