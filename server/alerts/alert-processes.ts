/**
 * Which processes used most when an alert was raised, and when its condition began: attached to the alert, in a
 * collection of its own, since neither lists of alerts nor live pages need them. [A3] They survive a restart, and what
 * the machine told afterwards of the moment itself replaces what was known at once.
 */
import { isActive, type Alert, type AlertRule } from '#protocol/alerts.ts';
import { byteRate, bytes, percent, text } from '#protocol/figure.ts';
import type { AlertProcesses, ProcessReport, ProcessRow } from '#protocol/processes.ts';
import { HOUR, MINUTE, SECOND } from '#protocol/span.ts';
import type { Collection } from '../state/collection.ts';
import type { AlertProcessesRecord } from '../state/records.ts';
import type { AcceptedPush, Clock, Log } from '../types.ts';
import { forMsOf } from './watch.ts';

export interface AlertProcessesParts {
  readonly records: Collection<AlertProcessesRecord>;
  readonly alertOf: (id: string) => Alert | undefined;
  readonly ruleOf: (id: string) => AlertRule | undefined;
  /** The report whose period has this moment in it, else the newest before it. */
  readonly at: (deviceId: string, moment: number) => Promise<ProcessReport | null>;
  /** A report as the collection keeps it, and back. */
  readonly pack: (report: ProcessReport) => string;
  readonly parse: (packed: string) => ProcessReport | undefined;
  readonly now: () => number;
  readonly every: Clock['every'];
  readonly log: Log;
}

export interface AlertsProcesses {
  /** To be called with alerts that were raised or changed. */
  alertsChanged(alerts: readonly Alert[]): void;
  /** To be called for every accepted push. */
  pushAccepted(push: Pick<AcceptedPush, 'deviceId' | 'processes'>): void;
  /** What is attached to an alert; null where nothing is. */
  of(alertId: string): AlertProcesses | null;
  /** The processes behind an alert in one line, where it is about what processes use; undefined otherwise. */
  lineOf(alert: Alert): string | undefined;
  deviceRemoved(deviceId: string): void;
  /** Resolves when what was asked for so far is attached. */
  settled(): Promise<void>;
  stop(): void;
}

/** [I8] So many alerts have processes; past it, the oldest lose theirs. */
const MOST_RECORDS = 2000;
/** So many rows of a report are attached for the most of each. */
const MOST = { cpu: 5, peak: 2, memory: 3, disk: 2 } as const;
/** An alert that began longer ago has what it has. */
const AWAITED_MS = 5 * MINUTE;
/** The processes at an older time than this say nothing of a moment. */
const STALE_MS = 10 * MINUTE;

const diskOf = ({ read, written }: ProcessRow) => (read ?? 0) + (written ?? 0);

/** A report with the rows that matter most, without arguments. */
function briefed(report: ProcessReport): ProcessReport {
  const most = (count: number, of: (row: ProcessRow) => number) =>
    report.rows
      .filter((row) => of(row) > 0)
      .toSorted((one, other) => of(other) - of(one))
      .slice(0, count);
  const kept = new Set([
    ...most(MOST.cpu, ({ cpu }) => cpu),
    ...most(MOST.peak, ({ cpu_peak }) => cpu_peak),
    ...most(MOST.memory, ({ memory_bytes }) => memory_bytes ?? 0),
    ...most(MOST.disk, diskOf),
  ]);
  const rows = report.rows.filter((row) => kept.has(row)).map(({ command: _, ...row }) => row);
  return { ...report, rows };
}

/** What an alert about a field is to be explained by: what of a row counts, and how it is written. */
interface Subject {
  readonly fields: RegExp;
  readonly of: (row: ProcessRow) => number;
  readonly written: (value: number) => string;
}

const SUBJECTS: readonly Subject[] = [
  {
    fields: /^(?:disk_(?:read|write)|disk:.*|pressure_io|cpu_iowait)$/,
    of: diskOf,
    written: (value) => text(byteRate(value)),
  },
  {
    fields: /^(?:ram|mem_\w+|swap\w*|pressure_memory)$/,
    of: ({ memory_bytes }) => memory_bytes ?? 0,
    written: (value) => text(bytes(value)),
  },
  {
    fields: /^(?:cpu\w*|load\w*|core:.*|pressure_cpu|processes_running)$/,
    of: ({ cpu }) => cpu,
    written: (value) => text(percent(value)),
  },
];

const IN_LINE = 3;

/** `top: ffmpeg 92 %, node 3.1 %`; undefined where the field is not what processes use, or nothing is known. */
export function topLine(metric: string, report: ProcessReport | null): string | undefined {
  const subject = SUBJECTS.find(({ fields }) => fields.test(metric));
  if (subject === undefined || report === null) return undefined;
  const { of, written } = subject;
  const top = report.rows
    .filter((row) => of(row) > 0)
    .toSorted((one, other) => of(other) - of(one))
    .slice(0, IN_LINE);
  if (top.length === 0) return undefined;
  return `top: ${top.map((row) => `${row.name} ${written(of(row))}`).join(', ')}`;
}

const hasMoment = (report: ProcessReport | null, moment: number) => report !== null && report.at >= moment;

export function createAlertProcesses(parts: AlertProcessesParts): AlertsProcesses {
  const { records, alertOf, ruleOf, at, pack, parse, now, every, log } = parts;
  /** By device: alerts whose moment the machine has not told of yet. */
  const awaited = new Map<string, Set<string>>();
  /** Alerts are looked after one at a time: an outage raises thousands. */
  let work: Promise<void> = Promise.resolve();
  let stopped = false;

  const isRecent = ({ timestamp }: Alert) => Math.abs(now() - timestamp) < AWAITED_MS;

  /** A report that is not much older than the moment. */
  async function reportAt(deviceId: string, moment: number): Promise<ProcessReport | null> {
    const report = await at(deviceId, moment);
    return report !== null && moment - report.at <= STALE_MS ? report : null;
  }

  async function attach(alertId: string): Promise<void> {
    const alert = alertOf(alertId);
    if (alert === undefined || stopped) return;
    const { device_id, timestamp } = alert;
    const condition = ruleOf(alert.rule_id)?.condition;
    const heldMs = condition === undefined ? 0 : forMsOf(condition);
    const fired = await reportAt(device_id, timestamp);
    const began = heldMs < SECOND ? null : await reportAt(device_id, timestamp - heldMs);
    if (!hasMoment(fired, timestamp) && isRecent(alert)) awaitReport(alert);
    if (stopped || alertOf(alertId) === undefined || (fired === null && began === null)) return;
    records.keep({
      id: alertId,
      device_id,
      fired: fired && pack(briefed(fired)),
      began: began === null || began.at === fired?.at ? null : pack(briefed(began)),
    });
    const all = records.all();
    for (const { id } of all.slice(0, Math.max(0, all.length - MOST_RECORDS))) records.drop(id);
  }

  function awaitReport({ id, device_id }: Alert): void {
    const ids = awaited.get(device_id) ?? new Set();
    awaited.set(device_id, ids.add(id));
  }

  function attachSoon(alertId: string): void {
    work = work
      .then(() => attach(alertId))
      .catch((error: unknown) =>
        log.debug({ err: error, alert: alertId }, 'the processes behind an alert could not be read'),
      );
  }

  function tidy(): void {
    for (const { id } of records.all()) if (alertOf(id) === undefined) records.drop(id);
    for (const [deviceId, ids] of awaited) {
      for (const id of ids) {
        const alert = alertOf(id);
        if (alert === undefined || !isRecent(alert)) ids.delete(id);
      }
      if (ids.size === 0) awaited.delete(deviceId);
    }
  }

  function of(alertId: string): AlertProcesses | null {
    const record = records.get(alertId);
    if (record === undefined) return null;
    const report = (packed: string | null) => (packed === null ? null : (parse(packed) ?? null));
    return { fired: report(record.fired), began: report(record.began) };
  }

  tidy();
  const stopTidying = every(tidy, HOUR);
  /** The alerts that were seen before: a change of one attaches nothing anew. */
  const seen = new Set(records.all().map(({ id }) => id));

  return {
    alertsChanged(alerts) {
      for (const alert of alerts) {
        if (!isActive(alert)) seen.delete(alert.id);
        else if (!seen.has(alert.id) && isRecent(alert)) {
          seen.add(alert.id);
          attachSoon(alert.id);
        }
      }
    },
    pushAccepted({ deviceId, processes = [] }) {
      const ids = processes.length === 0 ? undefined : awaited.get(deviceId);
      if (ids === undefined) return;
      awaited.delete(deviceId);
      // Those whose moment is still not told of are awaited again.
      for (const id of ids) attachSoon(id);
    },
    of,
    lineOf: (alert) => topLine(alert.metric, of(alert.id)?.fired ?? null),
    deviceRemoved(deviceId) {
      awaited.delete(deviceId);
      for (const { id, device_id } of records.all()) if (device_id === deviceId) records.drop(id);
    },
    settled: () => work,
    stop() {
      stopped = true;
      stopTidying();
    },
  };
}
