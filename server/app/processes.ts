/** Processes: the newest report of each device, which is told at once, and those of the past. */
import type { ProcessReport } from '#protocol/processes.ts';
import { parsePacked, packReport } from '../history/processes/packed-report.ts';
import { processRoutes } from '../routes/processes.ts';
import type { AcceptedPush } from '../types.ts';
import type { Base } from './base.ts';
import type { OpenHistory } from './history.ts';

/** Of two reports, the one whose period ended last; of the same end, the first. */
function later(one: ProcessReport | null, other: ProcessReport | null): ProcessReport | null {
  if (one === null || other === null) return one ?? other;
  return other.at > one.at ? other : one;
}

const hasMoment = ({ at, period_s }: ProcessReport, moment: number) =>
  moment <= at && at - period_s * 1000 < moment;

export function openProcesses({ state, clock }: Base, { processes, untilCaughtUp, inTime }: OpenHistory) {
  /** By device id: its newest report, packed, since ten thousand reports as objects cost the garbage collection much. */
  const newest = new Map<string, { readonly at: number; readonly packed: string }>();

  function current(deviceId: string): ProcessReport | null {
    const packed = newest.get(deviceId)?.packed;
    return packed === undefined ? null : (parsePacked(packed) ?? null);
  }

  /** The report whose period has this moment in it, else the newest before it. */
  async function at(deviceId: string, moment: number): Promise<ProcessReport | null> {
    const now = current(deviceId);
    if (now !== null && hasMoment(now, moment)) return now;
    await untilCaughtUp();
    const stored = await processes.at(deviceId, moment);
    // What the history has not taken yet, as while it is away, is known here.
    return stored !== null && hasMoment(stored, moment)
      ? stored
      : later(stored, now !== null && now.at <= moment ? now : null);
  }

  return {
    current,
    at,
    pushAccepted({ deviceId, processes: reports = [] }: AcceptedPush): void {
      const last = reports.at(-1);
      if (last === undefined || last.at < (newest.get(deviceId)?.at ?? 0)) return;
      newest.set(deviceId, { at: last.at, packed: packReport(last) });
    },
    forget: (deviceId: string) => newest.delete(deviceId),
    routes: processRoutes({
      deviceExists: (id) => state.devices.get(id) !== undefined,
      at: async (id, moment) => {
        if (moment === undefined) return current(id) ?? (await inTime.work(processes.at(id, clock.now())));
        return inTime.work(at(id, moment));
      },
      range: async (id, from, to) => {
        await untilCaughtUp();
        return inTime.work(processes.range(id, from, to));
      },
    }),
  };
}

export type OpenProcesses = ReturnType<typeof openProcesses>;
