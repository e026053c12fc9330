import type { AlertRule, Severity } from '#protocol/alerts.ts';

/** `threshold` and `clear` in percent; `forS`: how long the value has to be above the threshold, seconds. */
interface Level {
  readonly threshold: number;
  readonly clear: number;
  readonly forS: number;
}

function rule(
  name: string,
  metric: string,
  severity: Severity,
  { threshold, clear, forS }: Level,
): AlertRule {
  return {
    id: `default-${metric}-${severity}`,
    name,
    enabled: true,
    scope: { devices: [], tags: [] },
    condition: { kind: 'threshold', metric, above: true, threshold, for_s: forS, clear, clear_for_s: 60 },
    severity,
  };
}

/**
 * The rules of a new server, for every device. High load is worth a person's attention only when it lasts. A
 * disk rarely fills and empties within seconds, so a minute is enough to ignore a large temporary file.
 */
export function defaultRules(): AlertRule[] {
  return [
    rule('CPU high', 'cpu', 'warning', { threshold: 90, clear: 80, forS: 300 }),
    rule('CPU saturated', 'cpu', 'critical', { threshold: 97, clear: 90, forS: 600 }),
    rule('Memory high', 'ram', 'warning', { threshold: 90, clear: 85, forS: 120 }),
    rule('Memory nearly exhausted', 'ram', 'critical', { threshold: 97, clear: 92, forS: 60 }),
    rule('Disk filling up', 'disk', 'warning', { threshold: 85, clear: 82, forS: 60 }),
    rule('Disk nearly full', 'disk', 'critical', { threshold: 95, clear: 92, forS: 60 }),
    {
      id: 'default-offline-critical',
      name: 'Device offline',
      enabled: true,
      scope: { devices: [], tags: [] },
      condition: { kind: 'offline', for_s: 0 },
      severity: 'critical',
    },
  ];
}
