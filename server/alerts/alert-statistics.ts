/** How many alerts each rule and each machine had, and how soon people took them on and they ended. */
import type { Alert, AlertStatistics, AlertTally, TimeTaken } from '#protocol/alerts.ts';

/** Mean and median of times, milliseconds; null without any. */
function timeTaken(times: readonly number[]): TimeTaken | null {
  if (times.length === 0) return null;
  const sorted = times.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  const lower = sorted[sorted.length % 2 === 0 ? middle - 1 : middle] ?? upper;
  const sum = sorted.reduce((total, time) => total + time, 0);
  return { count: sorted.length, mean_ms: Math.round(sum / sorted.length), median_ms: (lower + upper) / 2 };
}

/** From an alert's beginning to its first acknowledgement, milliseconds; none for one nobody acknowledged. */
function acknowledgedAfter({ timestamp, events }: Alert): number[] {
  const first = events.find(({ what }) => what === 'acknowledged');
  return first === undefined ? [] : [Math.max(0, first.at - timestamp)];
}

/** From an alert's beginning to its end, milliseconds; none for one that did not end by itself. */
function resolvedAfter({ timestamp, resolved_at, resolution }: Alert): number[] {
  return resolved_at === null || resolution !== 'cleared' ? [] : [Math.max(0, resolved_at - timestamp)];
}

function tally(id: string, name: string, alerts: readonly Alert[]): AlertTally {
  return {
    id,
    name,
    count: alerts.length,
    reopened: alerts.reduce((sum, { reopened }) => sum + reopened, 0),
    acknowledge: timeTaken(alerts.flatMap(acknowledgedAfter)),
    resolve: timeTaken(alerts.flatMap(resolvedAfter)),
  };
}

/** Ten times as fast as `localeCompare`, which looks for the language each time. */
const byName = new Intl.Collator();

/** The noisiest first: those with the most alerts, each reopening counted as one more. */
function tallies(alerts: readonly Alert[], idOf: (alert: Alert) => string, nameOf: (alert: Alert) => string) {
  const groups = new Map<string, Alert[]>();
  for (const alert of alerts) {
    const group = groups.get(idOf(alert)) ?? [];
    groups.set(idOf(alert), group);
    group.push(alert);
  }
  return [...groups]
    .map(([id, group]) => tally(id, group[0] === undefined ? id : nameOf(group[0]), group))
    .toSorted((a, b) => b.count + b.reopened - (a.count + a.reopened) || byName.compare(a.name, b.name));
}

/** `alerts`: the newest first, as the newest one has the names of now. */
export function alertStatistics(alerts: readonly Alert[]): AlertStatistics {
  return {
    count: alerts.length,
    rules: tallies(
      alerts,
      ({ rule_id }) => rule_id,
      ({ rule_name }) => rule_name,
    ),
    devices: tallies(
      alerts,
      ({ device_id }) => device_id,
      ({ device_name }) => device_name,
    ),
  };
}
