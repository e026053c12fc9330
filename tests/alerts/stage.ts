/** Alerts with collections in memory. The test moves the clock and can restart the alerts. */
import type { Alert, AlertRule, Severity } from '#protocol/alerts.ts';
import type { Condition } from '#protocol/conditions.ts';
import { createAlerts, type AlertParts } from '../../server/alerts/alerts.ts';
import type { NamedDevice } from '../../server/alerts/rules.ts';
import type { Sample } from '#protocol/sample.ts';
import { createCurrentSamples } from '../../server/ingest/current-samples.ts';
import { memoryCollection } from '../state/memory-collection.ts';

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

interface PushFacts {
  readonly deviceId?: string;
  readonly intervalS?: number;
  readonly sentAt?: number;
}

export const T0 = Date.UTC(2026, 0, 1);

export function openAlerts(startRules: readonly AlertRule[], options: Partial<AlertParts> = {}) {
  const rules = memoryCollection(startRules);
  const stored = memoryCollection<Alert>();
  /** Decides, as the ingest does, which samples of a push are current. */
  const currentSamples = createCurrentSamples(new Map());
  const devices = new Map<string, NamedDevice>([
    ['a', { name: 'Alpha', tags: ['web'] }],
    ['b', { name: 'Beta', tags: [] }],
  ]);
  const reported: Alert[] = [];
  const clock = { at: T0 };
  let jobs: (() => void)[] = [];
  const start = () =>
    createAlerts({
      rules,
      alerts: stored,
      deviceOf: (id) => devices.get(id),
      now: () => clock.at,
      onChange: (changed) => reported.push(...changed),
      every: (job) => {
        jobs.push(job);
        return () => {
          jobs = jobs.filter((other) => other !== job);
        };
      },
      ...options,
    });
  let alerts = start();

  /** Pushes samples now. `sentAt`: what the push says of it, by the device's clock. */
  function push(samples: readonly Sample[], { deviceId = 'a', intervalS = 1, sentAt }: PushFacts = {}): void {
    const arrived = clock.at;
    const current = currentSamples.take({ deviceId, samples, sentAt, arrived });
    alerts.pushAccepted({ deviceId, samples, ...current, arrived, intervalS });
  }

  /** Pushes one sample with these values each second, for so many seconds. */
  function pushEachSecond(seconds: number, values: Record<string, number>, deviceId = 'a'): void {
    for (let i = 0; i < seconds; i++) {
      clock.at += 1000;
      push([{ t: clock.at, values }], { deviceId });
    }
  }

  return {
    rules,
    stored,
    devices,
    reported,
    clock,
    push,
    pushEachSecond,
    get alerts() {
      return alerts;
    },
    offline(deviceId = 'a') {
      alerts.statusChanged({ deviceId, status: 'offline', at: clock.at, lastSeen: clock.at - 15_000 });
    },
    online(deviceId = 'a') {
      alerts.statusChanged({ deviceId, status: 'online', at: clock.at, lastSeen: clock.at });
    },
    /** Moves the clock on second by second, running the repeated jobs at each. */
    passTime(seconds: number) {
      for (let i = 0; i < seconds; i++) {
        clock.at += 1000;
        for (const job of jobs) job();
      }
    },
    /** Stops the alerts, moves the clock on, and starts new ones with the same collections. */
    restart(downS = 0) {
      alerts.stop();
      clock.at += downS * 1000;
      reported.length = 0;
      alerts = start();
    },
    /** All alerts as text such as `cpu critical firing`, oldest first. */
    list: () =>
      stored
        .all()
        .map(({ metric, severity, state, resolution }) =>
          [metric, severity, state, ...(resolution === null ? [] : [resolution])].join(' '),
        ),
  };
}
