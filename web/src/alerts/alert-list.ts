/** Lists of alerts: order, merging, and the words for them. */
import type { Alert } from '#protocol/api.ts';

const RANK = { critical: 0, warning: 1 } as const;

/** Critical first, then the newest. */
export function sortedAlerts(alerts: readonly Alert[]): Alert[] {
  return alerts.toSorted((a, b) => RANK[a.severity] - RANK[b.severity] || b.timestamp - a.timestamp);
}

/** The newest first. */
export function newestFirst(alerts: readonly Alert[]): Alert[] {
  return alerts.toSorted((a, b) => b.timestamp - a.timestamp);
}

/** `list` with `changed` put in, each alert once. */
export function mergeAlerts(list: readonly Alert[], changed: readonly Alert[]): Alert[] {
  const byId = new Map(list.map((alert) => [alert.id, alert]));
  for (const alert of changed) byId.set(alert.id, alert);
  return [...byId.values()];
}
