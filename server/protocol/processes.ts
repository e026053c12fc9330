/**
 * What a machine's processes did over some seconds: the optional part `processes` of a push, and what the API answers of
 * it. A report lists the processes that used most of the processor, of memory or of the disks, and counts the others.
 * All times are epoch milliseconds, UTC.
 */
import { z } from 'zod';
import type { LeftOut } from './ignored.ts';
import { isRecord } from './metrics.ts';
import { optionalText, text } from './text.ts';
import { timestamp } from './timestamp.ts';

/** [I8] The bounds of a push; an agent sends a report a minute with some twenty rows. */
export const PROCESS_LIMITS = { reportsPerPush: 200, rowsPerReport: 40 } as const;

/** Of the whole machine: 100 is all of its cores. */
const percent = z.number().min(0).max(100);
const count = z.number().int().min(0).max(10_000_000);
/** Beyond this there is no memory, disk or processor. */
const amount = z.number().min(0).max(1e15);
const unknown = null;

/**
 * One process. With the pid null: several of one name, `count` of them. With `ended_children`: the processes that this
 * one started and that ended before they could be seen one by one.
 */
export const processRow = z.object({
  pid: z.number().int().min(1).max(4_194_304).nullable().default(unknown),
  name: text(64),
  count: count.min(1).default(1),
  ended_children: z.boolean().default(false),
  /** Null where it is not known, as of processes that have ended. */
  user: text(64).nullable().default(unknown),
  /** `docker 3f4e5d6c7b8a`; null outside of containers. */
  container: text(128).nullable().default(unknown),
  /** Since when it runs. */
  started_at: timestamp.nullable().default(unknown),
  /** The kernel's letter: R runs, S sleeps, D waits for a disk, Z has ended; null where there is none. */
  state: z
    .string()
    .regex(/^[A-Za-z]$/, 'must be one letter')
    .nullable()
    .default(unknown),
  /** Percent of the machine over the period of the report. */
  cpu: percent,
  /** The most that it used over some seconds of the period, percent of the machine. */
  cpu_peak: percent,
  /** Resident; null of processes that have ended. */
  memory_bytes: amount.nullable().default(unknown),
  /** Bytes per second read from and written to disks; null where the agent may not know. */
  read: amount.nullable().default(unknown),
  written: amount.nullable().default(unknown),
  /** With its arguments, where the agent is set to send them. */
  command: optionalText(512).optional(),
});
export type ProcessRow = z.infer<typeof processRow>;

const envelope = z.object({
  /** The end of the period. */
  at: timestamp,
  /** The length of the period, in seconds. */
  period_s: z.number().min(1).max(86_400),
  /** What all processes and the kernel used, percent of the machine; null where it is not known. */
  cpu: percent.nullable().default(unknown),
  /** How many processes there were at its end. */
  total: count,
  /** What the agent may not read: other users' processes at all, or what they read and write. */
  hidden: z
    .array(z.enum(['processes', 'io']))
    .max(2)
    .default([]),
});

export const processReport = envelope.extend({
  rows: z.array(processRow).max(PROCESS_LIMITS.rowsPerReport),
});
export type ProcessReport = z.infer<typeof processReport>;

/** What the rows do not explain of the processor time that was used, percent of the machine; null where it is not known. */
export function unlistedCpu({ cpu, rows }: Pick<ProcessReport, 'cpu' | 'rows'>): number | null {
  if (cpu === null) return null;
  const listed = rows.reduce((sum, row) => sum + row.cpu, 0);
  return Math.max(0, Math.round((cpu - listed) * 100) / 100);
}

type Path = readonly (string | number)[];

/** Notes what is wrong with the part of a push at `path`, under the first wrong place in it. */
function note(error: z.ZodError, path: Path, leftOut: LeftOut): undefined {
  const [issue] = error.issues;
  leftOut.addAt([...path, ...(issue?.path ?? []).map(String)], issue?.message ?? 'is wrong');
  return undefined;
}

function readRows(input: unknown, path: Path, leftOut: LeftOut): ProcessRow[] {
  if (!Array.isArray(input)) {
    leftOut.addAt(path, 'must be a list');
    return [];
  }
  const most = PROCESS_LIMITS.rowsPerReport;
  if (input.length > most) leftOut.addAt([...path, most], `is past the ${most} rows of a report`);
  return input.slice(0, most).flatMap((row: unknown, index) => {
    const parsed = processRow.safeParse(row);
    return parsed.success ? parsed.data : (note(parsed.error, [...path, index], leftOut) ?? []);
  });
}

function readReport(input: unknown, path: Path, leftOut: LeftOut): ProcessReport | undefined {
  const parsed = envelope.safeParse(input);
  if (!parsed.success || !isRecord(input)) {
    if (parsed.error !== undefined) note(parsed.error, path, leftOut);
    return undefined;
  }
  return { ...parsed.data, rows: readRows(input['rows'], [...path, 'rows'], leftOut) };
}

/** [I7] The reports of a push without what is wrong in them: a wrong row costs itself, a wrong time its report. */
export function readProcesses(input: unknown, leftOut: LeftOut): readonly ProcessReport[] | undefined {
  if (!Array.isArray(input)) {
    leftOut.addAt(['processes'], 'must be a list of reports');
    return undefined;
  }
  const most = PROCESS_LIMITS.reportsPerPush;
  if (input.length > most) leftOut.addAt(['processes', most], `is past the ${most} reports of a push`);
  return input
    .slice(0, most)
    .flatMap((report, index) => readReport(report, ['processes', index], leftOut) ?? []);
}

/** The reply of `GET /devices/{id}/processes`. */
export const processesReply = z.object({
  device_id: z.string(),
  /**
   * With `at`: the report whose period has that moment in it, else the newest before it. With `from` and `to`: all
   * reports of the range in one, processes of one name together. Null where there is none.
   */
  report: processReport.nullable(),
  /** With `from` and `to`: the end and the length in seconds of the period of each report, oldest first. */
  moments: z.array(z.tuple([z.number(), z.number()])).optional(),
});
export type ProcessesReply = z.infer<typeof processesReply>;

/** What is attached to an alert: the processes when it was raised, and when its condition began to hold. */
export const alertProcesses = z.object({
  fired: processReport.nullable(),
  /** Null where the condition is not one that has to hold for a time, or where it is the same report. */
  began: processReport.nullable(),
});
export type AlertProcesses = z.infer<typeof alertProcesses>;
