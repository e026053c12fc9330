/** Alerting: the rules, the alerts they raise, and the default rules of a first start. */
import type { Alert } from '#protocol/alerts.ts';
import { fieldValue, type Sample } from '#protocol/sample.ts';
import { createAlertProcesses } from '../alerts/alert-processes.ts';
import { createAlerts } from '../alerts/alerts.ts';
import { defaultRules } from '../alerts/default-rules.ts';
import { DEFAULT_LIMITS } from '../alerts/lifecycle.ts';
import { packReport, parsePacked } from '../history/processes/packed-report.ts';
import { alertRoutes } from '../routes/alerts.ts';
import { silenceRoutes } from '../routes/silences.ts';
import { createNotifier, type Base } from './base.ts';
import type { Machines } from './machines.ts';
import type { Mutes } from './mutes.ts';
import type { People } from './people.ts';
import type { OpenProbes } from './probes.ts';
import type { OpenProcesses } from './processes.ts';
import { machineOf, type OpenSilences } from './silences.ts';

/** Adds the rules that a first start begins with. */
export async function addDefaultRules({ rules }: Base['state']): Promise<void> {
  for (const rule of defaultRules()) await rules.put(rule);
}

/** The capabilities that alerting uses. */
export interface AlertingNeeds {
  readonly people: People;
  readonly machines: Machines;
  readonly silences: OpenSilences;
  readonly mutes: Mutes;
  readonly probes: OpenProbes;
  readonly processes: OpenProcesses;
  /** The newest stored sample of each device; used at the start only. */
  readonly latest: ReadonlyMap<string, Sample>;
}

/** The newest stored uptime of each device, seconds: only these numbers stay in memory, not the samples. */
export function uptimesOf(latest: AlertingNeeds['latest']): ReadonlyMap<string, number> {
  const uptimes = [...latest].map(([id, sample]) => [id, fieldValue(sample, 'uptime_s')] as const);
  return new Map(uptimes.filter((entry): entry is [string, number] => entry[1] !== undefined));
}

export function openAlerting(base: Base, needs: AlertingNeeds) {
  const { people, machines, silences, mutes, probes, processes, latest } = needs;
  const { state } = base;
  const { devices, rules } = state;
  const { now, every } = base.clock;
  const uptimes = uptimesOf(latest);
  const alertsChanged = createNotifier<readonly Alert[]>();
  // Until it is known whom messages go to, every alert may have one.
  let isAwaited: (alertId: string) => boolean = () => true;
  const alerts = createAlerts({
    rules,
    alerts: state.alerts,
    deviceOf(id) {
      const record = devices.get(id);
      return record && { ...machineOf(record), clockSkewMs: record.clock_skew_ms };
    },
    muteOf: mutes.muteOf,
    reasonOf: probes.reasonOf,
    declaredOf: machines.meanings.of,
    limits: { ...DEFAULT_LIMITS, reopenMs: base.config.alertReopenMin * 60_000 },
    isAwaited: (id) => isAwaited(id),
    uptimeOf: (id) => uptimes.get(id),
    now,
    every,
    onChange: alertsChanged.notify,
  });
  const alertProcesses = createAlertProcesses({
    records: state.alertProcesses,
    alertOf: alerts.get,
    ruleOf: rules.get,
    at: processes.at,
    pack: packReport,
    parse: parsePacked,
    now,
    every,
    log: base.log,
  });
  alertsChanged.listen(alertProcesses.alertsChanged);
  // What a crash kept from being attached.
  alertProcesses.alertsChanged(alerts.active());
  machines.statusChanged.listen(alerts.statusChanged);
  machines.edited.listen(alerts.rulesChanged);
  machines.viewChanged.listen(alerts.nameChanged);
  machines.removed.listen(alerts.deviceRemoved);
  machines.removed.listen(alertProcesses.deviceRemoved);
  mutes.changed.listen(alerts.mutesChanged);
  // Devices that were offline before this start may have to raise an alert.
  for (const { id } of devices.all()) {
    const entry = machines.fleet.get(id);
    if (entry?.status === 'offline' && entry.lastSeen !== null)
      alerts.statusChanged({ deviceId: id, status: 'offline', at: now(), lastSeen: entry.lastSeen });
  }
  return {
    alerts,
    alertProcesses,
    /** Notified with each alert that was raised, changed or resolved. */
    alertsChanged,
    /** Takes the function that says whether a message about an alert may be yet to come. */
    awaitMessages(isIt: (alertId: string) => boolean) {
      isAwaited = isIt;
    },
    routes: [
      ...alertRoutes({ alerts, audit: people.audit, processesOf: alertProcesses.of }),
      ...silenceRoutes({
        silences: state.silences,
        changed: silences.silences.changed,
        machines: () => devices.all().map(machineOf),
        active: alerts.active,
        alertOf: alerts.get,
        audit: people.audit,
        now,
      }),
    ],
    stop() {
      alertProcesses.stop();
      alerts.stop();
    },
  };
}

export type Alerting = ReturnType<typeof openAlerting>;
