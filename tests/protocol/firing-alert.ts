/** An alert that fires; a test changes what it is about. */
import type { Alert } from '#protocol/alerts.ts';

export const firing: Alert = {
  id: 'a',
  rule_id: 'r',
  rule_name: 'CPU high',
  device_id: 'd',
  device_name: 'web-1',
  metric: 'cpu',
  value: 97.2,
  threshold: 90,
  severity: 'warning',
  state: 'firing',
  timestamp: 1000,
  resolved_at: null,
  resolution: null,
  others: 0,
  acknowledged: null,
  comments: [],
  events: [],
  reopened: 0,
  flapping: false,
  quiet_since: null,
  muted: null,
};
