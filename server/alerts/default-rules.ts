/**
 * The rules of a new server, for every device. Each says why it has its numbers, where people see them. A server that
 * has rules keeps its own.
 */
import { alertRuleCreate, type AlertRule } from '#protocol/alerts.ts';

type NewRule = Parameters<typeof alertRuleCreate.parse>[0];

/** Percent: the values from which on a warning and a critical alert are raised, and at which they clear. */
interface Levels {
  readonly warning: number;
  readonly clear: number;
  readonly critical: number;
  readonly criticalClear: number;
}

function percentage(metric: string, levels: Levels, forS: number, criticalForS = forS, more: object = {}) {
  return {
    kind: 'threshold',
    metric,
    threshold: levels.warning,
    clear: levels.clear,
    for_s: forS,
    clear_for_s: 60,
    critical: { threshold: levels.critical, clear: levels.criticalClear, for_s: criticalForS },
    ...more,
  };
}

const DISK: Levels = { warning: 85, clear: 82, critical: 95, criticalClear: 92 };

/** A field that says 1 where something is wrong, and 0 where it is not. */
function flag(metric: string, forS: number, clearForS = 60) {
  return { kind: 'threshold', metric, threshold: 1, clear: 0, for_s: forS, clear_for_s: clearForS };
}

/** By the last part of the rule's id. */
const RULES: Readonly<Record<string, NewRule>> = {
  offline: {
    name: 'Machine offline',
    severity: 'critical',
    condition: { kind: 'offline', for_s: 0 },
    why: 'A machine counts as offline after three missed pushes (15 s at least), so a single lost push raises nothing.',
  },
  cpu: {
    name: 'CPU busy',
    severity: 'warning',
    condition: percentage('cpu', { warning: 90, clear: 80, critical: 97, criticalClear: 90 }, 300, 600),
    why: 'Builds and backups use all of a CPU for minutes. Five minutes above 90 % are worth a look; ten above 97 % slow down everything else.',
  },
  ram: {
    name: 'Memory short',
    severity: 'warning',
    condition: percentage('ram', { warning: 90, clear: 85, critical: 97, criticalClear: 92 }, 120, 60),
    why: 'Caches do not count as used. Above 97 % the kernel soon ends processes, so a minute is enough.',
  },
  swap: {
    name: 'Swap in use',
    severity: 'warning',
    condition: percentage('swap', { warning: 60, clear: 40, critical: 90, criticalClear: 75 }, 600),
    why: 'Some swap is always used. More than half of it for ten minutes means that memory is missing, and the machine is slow.',
  },
  mount: {
    name: 'Filesystem filling up',
    severity: 'warning',
    condition: percentage('mount:*:used', DISK, 60),
    why: 'A minute lets large temporary files pass. From 85 % on there is time to act; at 95 % databases and logs soon fail.',
  },
  disk: {
    name: 'Disk filling up',
    severity: 'warning',
    condition: percentage('disk', DISK, 60, 60, { unless_field: 'mount:*:used' }),
    why: 'For machines that send only their fullest disk. Those that send each filesystem are left to the rule above.',
  },
  'disk-forecast': {
    name: 'Filesystem full soon',
    severity: 'warning',
    condition: {
      kind: 'forecast',
      metric: 'mount:*:used',
      reaches: 100,
      threshold: 24,
      clear: 36,
      fit_h: 24,
      for_s: 0,
      clear_for_s: 0,
      critical: { threshold: 4, clear: 8 },
    },
    why: 'A straight line through the last day. A day ahead leaves a working day to act; four hours are urgent, at night too.',
  },
  inodes: {
    name: 'Inodes running out',
    severity: 'warning',
    condition: percentage('mount:*:inodes', { warning: 85, clear: 80, critical: 95, criticalClear: 92 }, 60),
    why: 'Without inodes no file can be made, though there is space. It comes slowly, by millions of small files.',
  },
  raid: {
    name: 'RAID or pool degraded',
    severity: 'critical',
    condition: flag('raid:*:degraded', 60),
    why: 'The next disk that fails may take the data with it. A minute lets an array start that is just being put together.',
  },
  smart: {
    name: 'Disk failing',
    severity: 'critical',
    condition: flag('smart:*:failing', 0),
    why: 'smartd found that the disk fails, or that sectors cannot be read. Such a disk seldom recovers.',
  },
  unit: {
    name: 'Unit failed',
    severity: 'warning',
    condition: flag('unit:*:failed', 30),
    why: 'A service or job of systemd that ended in an error and was not started again. Those that restart by themselves raise nothing.',
  },
  oom: {
    name: 'Process killed for lack of memory',
    severity: 'warning',
    condition: {
      kind: 'threshold',
      metric: 'oom_kills',
      threshold: 0.1,
      clear: 0,
      for_s: 0,
      clear_for_s: 600,
    },
    why: 'The kernel ended a process, often the one that matters most. It is over in a second, so the alert stays for ten minutes.',
  },
  probe: {
    name: 'Probe down',
    severity: 'critical',
    condition: {
      kind: 'threshold',
      metric: 'probe:*:up',
      above: false,
      threshold: 0,
      clear: 1,
      for_s: 0,
      clear_for_s: 0,
    },
    why: 'A probe counts as down only after several tries in a row that failed, as many as its settings say, so there is nothing to wait for.',
  },
  certificate: {
    name: 'Certificate ends soon',
    severity: 'warning',
    condition: {
      kind: 'threshold',
      metric: 'probe:*:certificate_days',
      above: false,
      threshold: 14,
      clear: 15,
      for_s: 0,
      clear_for_s: 0,
      critical: { threshold: 3, clear: 4 },
    },
    why: 'What renews certificates by itself does so a month before their end. Two weeks before it, that has failed for a while.',
  },
  unhealthy: {
    name: 'Container not healthy',
    severity: 'warning',
    condition: {
      kind: 'threshold',
      metric: 'container:*:healthy',
      above: false,
      threshold: 0,
      clear: 1,
      for_s: 120,
      clear_for_s: 60,
    },
    why: 'Its own health check fails. Two minutes let it start anew, which many runtimes do then.',
  },
  quota: {
    name: 'Traffic quota nearly used',
    severity: 'warning',
    condition: {
      kind: 'threshold',
      metric: 'quota:*:level',
      threshold: 1,
      clear: 0,
      for_s: 0,
      clear_for_s: 60,
      critical: { threshold: 2, clear: 1 },
    },
    why: 'Each quota has its own percentage for the warning. What is sent beyond the quota is billed, or slowed down.',
  },
  'quota-forecast': {
    name: 'Traffic quota will not last',
    severity: 'warning',
    condition: {
      kind: 'threshold',
      metric: 'quota:*:forecast',
      threshold: 100,
      clear: 95,
      for_s: 3600,
      clear_for_s: 3600,
    },
    why: 'At the mean rate of the last seven days, more is used by the end of the period than is allowed. An hour keeps a single large transfer from raising it.',
  },
  clock: {
    name: 'Clock wrong',
    severity: 'warning',
    condition: {
      kind: 'clock',
      threshold: 30,
      clear: 10,
      for_s: 300,
      clear_for_s: 60,
      critical: { threshold: 300, clear: 60 },
    },
    why: 'Half a minute makes logs of two machines hard to compare; from five minutes on, logins by tickets and tokens fail.',
  },
  'clock-source': {
    name: 'Clock not set by a time server',
    severity: 'warning',
    condition: { kind: 'equal', metric: 'clock_synchronised', value: 0, for_s: 3600, clear_for_s: 60 },
    why: 'A clock that is left to itself is soon wrong by seconds a day. After a start, and while a time server is away, an hour is usual.',
  },
  rebooted: {
    name: 'Machine started again',
    severity: 'warning',
    condition: { kind: 'rebooted', hold_s: 600 },
    why: 'A restart that nobody planned is worth knowing, also when all is well afterwards. It shows for ten minutes.',
  },
};

/** The rules of a new server. */
export function defaultRules(): AlertRule[] {
  return Object.entries(RULES).map(([name, rule]) => ({
    id: `default-${name}`,
    ...alertRuleCreate.parse(rule),
  }));
}
