/**
 * The history of processes: reports in a SQLite file of their own, beside the samples, whichever history those are kept
 * in. A report is part of a push, so the journal has it on disk before the push is answered [I1], and keeps it until it
 * is stored here.
 */
import { join } from 'node:path';
import type { ProcessReport } from '#protocol/processes.ts';
import type { History, HistoryOptions, Position, SampleBatch } from '../history.ts';
import { startThread } from '../thread.ts';
import { packReport } from './packed-report.ts';
import type { NewReport, RangeOfProcesses } from './process-database.ts';
import type { ProcessCalls, ProcessSettings } from './worker.ts';

export interface ProcessHistory {
  /** As `write` of the History contract, for the reports of the batches. */
  write(batches: readonly SampleBatch[], upTo: Position): Promise<Position>;
  /** The report whose period has this moment in it, else the newest one before it. */
  at(deviceId: string, at: number): Promise<ProcessReport | null>;
  /** All reports of a range as one. */
  range(deviceId: string, from: number, to: number): Promise<RangeOfProcesses>;
  remove(deviceId: string): Promise<void>;
  close(): Promise<void>;
}

interface ProcessHistoryOptions extends Pick<HistoryOptions, 'log' | 'notice'> {
  /** The folder of `processes.db` and of the files that SQLite keeps beside it. */
  readonly dir: string;
  readonly days: number;
}

/** @throws where the database cannot be opened, with what to do */
export async function openProcessHistory({
  dir,
  days,
  log,
  notice = () => undefined,
}: ProcessHistoryOptions): Promise<ProcessHistory> {
  const settings: ProcessSettings = { file: join(dir, 'processes.db'), days };
  const module = new URL('./worker.ts', import.meta.url);
  const { call, close } = await startThread<ProcessCalls>({
    ...{ module, file: settings.file, settings, log, notice },
  });
  return {
    write(batches, upTo) {
      const reports: NewReport[] = [];
      for (const { deviceId, processes = [] } of batches)
        for (const report of processes) reports.push({ deviceId, at: report.at, packed: packReport(report) });
      return call('write', { reports, upTo });
    },
    at: (deviceId, at) => call('at', { deviceId, at }),
    range: (deviceId, from, to) => call('range', { deviceId, from, to }),
    remove: (deviceId) => call('remove', deviceId),
    close: () => close(() => call('close', null)),
  };
}

/** The history with the processes beside it: what is written or removed is in both before it is done. */
export function withProcesses(history: History, processes: ProcessHistory): History {
  return {
    ...history,
    async write(batches, upTo) {
      const positions = await Promise.all([history.write(batches, upTo), processes.write(batches, upTo)]);
      return Math.min(...positions);
    },
    async remove(deviceId) {
      await Promise.all([history.remove(deviceId), processes.remove(deviceId)]);
    },
    async close() {
      await Promise.all([history.close(), processes.close()]);
    },
  };
}
