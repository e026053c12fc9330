/** Makes what a running agent tells of itself (`agent-status.ts`) from its parts. */
import { errorText } from '#protocol/errors.ts';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import type { Link } from '../link/link.ts';
import { machineName } from '../machine/identity.ts';
import type { Outbox } from '../outgoing/outbox.ts';
import type { Sender } from '../outgoing/sender.ts';
import { viewSpool } from '../outgoing/spool-view.ts';
import type { ProbeRecord } from '../probes/runner.ts';
import type { Probes } from '../probes/probes.ts';
import type { Clock } from '../sampling/clock.ts';
import type { Pace } from '../sampling/pace.ts';
import type { CollectorRecord, Sampler } from '../sampling/sampler.ts';
import type { AgentStatus } from './agent-status.ts';
import type { Problem } from './recent-problems.ts';

interface ReportParts {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly data: string;
  readonly hostname: string;
  /** From the settings. */
  readonly name: string | undefined;
  readonly spoolFolder: string;
  readonly spoolBytes: number;
  readonly link: Pick<Link, 'deviceId' | 'server' | 'clockAhead'>;
  readonly outbox: Pick<Outbox, 'waiting' | 'diskProblem'>;
  readonly sender: Pick<Sender, 'state'>;
  readonly pace: Pick<Pace, 'now'>;
  readonly sampler: Pick<Sampler, 'records'>;
  readonly probes: Pick<Probes, 'records' | 'refused'>;
  /** What may be probed. */
  readonly allowed: string;
  readonly problems: () => readonly Problem[];
}

const round = (value: number, digits: number) => Number(value.toFixed(digits));

/** `runMs`: how long the agent has run. */
function collectorStatus(record: CollectorRecord, runMs: number): AgentStatus['collectors'][number] {
  const { name, state, every, fields, calls, failures, lastMs, meanMs, heldMs, problem, trouble } = record;
  return {
    name,
    state,
    every_s: every / 1000,
    fields,
    calls,
    failures,
    ...(lastMs === undefined ? {} : { last_ms: round(lastMs, 3) }),
    ...(meanMs === undefined ? {} : { mean_ms: round(meanMs, 3) }),
    share: round((heldMs * 100) / Math.max(1, runMs), 3),
    ...(problem === undefined ? {} : { problem }),
    ...(trouble === undefined ? {} : { trouble }),
  };
}

function probeStatus({ probe, report, ms, triedAt }: ProbeRecord): AgentStatus['probes'][number] {
  const { name, kind, target } = probe;
  return {
    ...{ name, kind, target },
    state: report?.state ?? 'waits',
    reason: report?.reason ?? '',
    remedy: report?.remedy ?? '',
    ...(ms === undefined ? {} : { ms }),
    ...(triedAt === undefined ? {} : { tried_at: triedAt }),
  };
}

/** The numbers of the spool, or why they cannot be read. */
function spoolStatus({ spoolFolder, spoolBytes, outbox }: ReportParts): AgentStatus['spool'] {
  const common = { limit_bytes: spoolBytes, waiting: outbox.waiting() };
  const problem = outbox.diskProblem();
  try {
    const { oldestAt, ...numbers } = viewSpool(spoolFolder);
    return {
      ...common,
      ...numbers,
      ...(oldestAt === undefined ? {} : { oldest_at: oldestAt }),
      ...(problem === undefined ? {} : { problem }),
    };
  } catch (error) {
    return { ...common, samples: 0, bytes: 0, dropped: 0, problem: problem ?? errorText(error) };
  }
}

/** Call it at the start: the time since then is counted from here. */
export function createSelfReport(parts: ReportParts): () => AgentStatus {
  const { clock, link, sender, pace, sampler } = parts;
  const startedAt = clock.monotonic();
  return () => {
    const runMs = clock.monotonic() - startedAt;
    const { user, system } = process.cpuUsage();
    const { acceptedAt, nextAt, sent, failing } = sender.state();
    const { pushMs, sampleMs } = pace.now();
    const server = link.server();
    const machine = machineName();
    const ahead = link.clockAhead();
    return {
      state: 'running',
      version: WATCHFLOOR_VERSION,
      pid: process.pid,
      started_at: Math.round(clock.now() - runMs),
      data: parts.data,
      hostname: parts.hostname,
      device_id: link.deviceId(),
      ...(machine === undefined ? {} : { machine }),
      ...(parts.name === undefined ? {} : { name: parts.name }),
      ...(server === undefined ? {} : { server }),
      ...(ahead === undefined ? {} : { clock_ahead_s: ahead / 1000 }),
      push: {
        ...(acceptedAt === undefined ? {} : { accepted_at: acceptedAt }),
        next_at: nextAt,
        interval_s: pushMs / 1000,
        sample_s: sampleMs / 1000,
        sent,
        ...(failing === undefined ? {} : { failing }),
      },
      spool: spoolStatus(parts),
      cost: {
        cpu_s: round((user + system) / 1e6, 3),
        cpu: round((user + system) / 1e4 / Math.max(1, process.uptime()), 3),
        memory_bytes: process.memoryUsage.rss(),
      },
      collectors: sampler.records().map((record) => collectorStatus(record, runMs)),
      probes_allowed: parts.allowed,
      probes: [
        ...parts.probes.records().map(probeStatus),
        ...parts.probes
          .refused()
          .map(({ name, state, reason, remedy }) => ({ name, kind: '', target: '', state, reason, remedy })),
      ],
      problems: [...parts.problems()],
    };
  };
}
