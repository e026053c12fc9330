/** Alerts with collections in memory, a clock in the hand, and a restart at will. */
import type { Alert, AlertRule, Condition, Severity } from '#protocol/api.ts';
import { createAlerts, type AlertParts } from '../../server/alerts/alerts.ts';
import { createLog } from '../../server/app/log.ts';
import type { Collection } from '../../server/state/collection.ts';

export function memoryCollection<T extends { readonly id: string }>(items: readonly T[] = []): Collection<T> {
  const map = new Map(items.map((item) => [item.id, item]));
  return {
    all: () => [...map.values()],
    get: (id) => map.get(id),
    put: async (item) => void map.set(item.id, item),
    remove: async (id) => void map.delete(id),
  };
}

type Threshold = Extract<Condition, { kind: 'threshold' }>;

export function rule(id: string, severity: Severity, condition: Partial<Threshold> = {}): AlertRule {
  return {
    id,
    name: id,
    enabled: true,
    scope: { devices: [], tags: [] },
    condition: {
      kind: 'threshold',
      metric: 'cpu',
      above: true,
      threshold: 90,
      for_s: 10,
      clear: 80,
      clear_for_s: 5,
      ...condition,
    },
    severity,
  };
}

export function offlineRule(id: string, forS = 0): AlertRule {
  return { ...rule(id, 'critical'), condition: { kind: 'offline', for_s: forS } };
}

export const T0 = Date.UTC(2026, 0, 1);

export function openAlerts(startRules: readonly AlertRule[], options: Partial<AlertParts> = {}) {
  const rules = memoryCollection(startRules);
  const stored = memoryCollection<Alert>();
  const devices = new Map([
    ['a', { name: 'Alpha', tags: ['web'] }],
    ['b', { name: 'Beta', tags: [] }],
  ]);
  const told: Alert[] = [];
  const clock = { at: T0 };
  let ticks: (() => void)[] = [];
  const start = () =>
    createAlerts({
      rules,
      alerts: stored,
      deviceOf: (id) => devices.get(id),
      now: () => clock.at,
      onChange: (changed) => told.push(...changed),
      log: createLog('silent'),
      every: (run) => {
        ticks.push(run);
        return () => {
          ticks = ticks.filter((other) => other !== run);
        };
      },
      ...options,
    });
  let alerts = start();

  /** A live push each second for so many seconds, of these values. */
  function live(seconds: number, values: Record<string, number>, deviceId = 'a'): void {
    for (let i = 0; i < seconds; i++) {
      clock.at += 1000;
      alerts.samples({
        deviceId,
        samples: [{ t: clock.at, values }],
        arrived: clock.at,
        intervalS: 1,
        sentAt: undefined,
      });
    }
  }

  return {
    rules,
    stored,
    devices,
    told,
    clock,
    live,
    get alerts() {
      return alerts;
    },
    offline(deviceId = 'a') {
      alerts.status({ deviceId, status: 'offline', at: clock.at, lastSeen: clock.at - 15_000 });
    },
    online(deviceId = 'a') {
      alerts.status({ deviceId, status: 'online', at: clock.at, lastSeen: clock.at });
    },
    pass(seconds: number) {
      for (let i = 0; i < seconds; i++) {
        clock.at += 1000;
        for (const run of ticks) run();
      }
    },
    /** The process ends and another takes its place, on the same files. */
    restart(down = 0) {
      alerts.stop();
      clock.at += down * 1000;
      told.length = 0;
      alerts = start();
    },
    /** `cpu critical firing`, oldest first. */
    list: () =>
      stored
        .all()
        .map(({ metric, severity, state, resolution }) =>
          [metric, severity, state, ...(resolution === null ? [] : [resolution])].join(' '),
        ),
  };
}
