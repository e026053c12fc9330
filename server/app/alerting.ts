/** Alerting: rules, the alerts they raise, and what a first start begins with. */
import type { Alert } from '#protocol/api.ts';
import { createAlerts } from '../alerts/alerts.ts';
import { defaultRules } from '../alerts/default-rules.ts';
import { alertRoutes } from '../routes/alerts.ts';
import { createHappening, type Base } from './base.ts';
import type { Machines } from './machines.ts';
import type { People } from './people.ts';

export async function addDefaultRules({ rules }: Base['state']): Promise<void> {
  for (const rule of defaultRules()) await rules.put(rule);
}

export interface AlertingNeeds {
  readonly people: People;
  readonly machines: Machines;
}

export function openAlerting(base: Base, { people, machines }: AlertingNeeds) {
  const { state, log } = base;
  const { devices, rules } = state;
  const { now, every } = base.clock;
  const alertsChanged = createHappening<readonly Alert[]>();
  const alerts = createAlerts({
    rules,
    alerts: state.alerts,
    deviceOf(id) {
      const record = devices.get(id);
      return record && { name: record.name ?? record.hostname, tags: record.tags };
    },
    now,
    every,
    onChange: alertsChanged.tell,
    log,
  });
  machines.statusChanged.listen(alerts.statusChanged);
  machines.edited.listen(alerts.rulesChanged);
  machines.removed.listen(alerts.deviceRemoved);
  for (const { id } of devices.all()) {
    const entry = machines.fleet.get(id);
    if (entry?.status === 'offline' && entry.lastSeen !== null)
      alerts.statusChanged({ deviceId: id, status: 'offline', at: now(), lastSeen: entry.lastSeen });
  }
  return {
    alerts,
    /** Alerts that were raised or resolved, as they now are. */
    alertsChanged,
    routes: alertRoutes({
      active: alerts.active,
      all: alerts.all,
      rules,
      rulesChanged: alerts.rulesChanged,
      audit: people.audit,
    }),
    stop: alerts.stop,
  };
}

export type Alerting = ReturnType<typeof openAlerting>;
