/** Lists of alerts: their order, merging them, and keeping one still while somebody points at it. */
import { isUnattended, type Alert } from '#protocol/alerts.ts';

const RANK = { critical: 0, warning: 1 } as const;

/** Those that need somebody first, then critical alerts, then the newest. */
export function sortedAlerts(alerts: readonly Alert[]): Alert[] {
  return alerts.toSorted(
    (a, b) =>
      Number(isUnattended(b)) - Number(isUnattended(a)) ||
      RANK[a.severity] - RANK[b.severity] ||
      b.timestamp - a.timestamp,
  );
}

/** The newest first. */
export function newestFirst(alerts: readonly Alert[]): Alert[] {
  return alerts.toSorted((a, b) => b.timestamp - a.timestamp);
}

/** `list` and `changed` as one list with each alert once; `changed` replaces what `list` has of it. */
export function mergeAlerts(list: readonly Alert[], changed: readonly Alert[]): Alert[] {
  const byId = new Map(list.map((alert) => [alert.id, alert]));
  for (const alert of changed) byId.set(alert.id, alert);
  return [...byId.values()];
}

/**
 * What to show while somebody points at a list of alerts, so that it must not move: every shown alert in its place,
 * as it is now (`current`), or as it ended (`ended`); new ones at the end.
 */
export function holdStill(
  shown: readonly Alert[],
  current: readonly Alert[],
  ended: readonly Alert[],
): Alert[] {
  const newest = new Map([...ended, ...current].map((alert) => [alert.id, alert]));
  const known = new Set(shown.map(({ id }) => id));
  return [
    ...shown.map((alert) => newest.get(alert.id) ?? alert),
    ...current.filter(({ id }) => !known.has(id)),
  ];
}
