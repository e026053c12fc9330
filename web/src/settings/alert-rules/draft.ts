/** A rule while it is edited: the fields of every kind of rule at once, with durations in minutes. */
import type { AlertRule, Severity } from '#protocol/alerts.ts';
import type { NewAlertRule } from '../../api/api.ts';

export interface Draft {
  name: string;
  severity: Severity;
  kind: 'threshold' | 'offline';
  metric: string;
  above: boolean;
  threshold: number | null;
  clear: number | null;
  /** Minutes; so is `clearForMin`. */
  forMin: number | null;
  clearForMin: number | null;
  tags: readonly string[];
  devices: readonly string[];
}

const BLANK: Draft = {
  name: '',
  severity: 'warning',
  kind: 'threshold',
  metric: 'cpu',
  above: true,
  threshold: 90,
  clear: 80,
  forMin: 5,
  clearForMin: 1,
  tags: [],
  devices: [],
};

const minutes = (seconds: number) => seconds / 60;
const seconds = (min: number | null) => Math.round((min ?? 0) * 60);

/** What the form starts with: the rule, or a blank one. */
export function draftOf(rule: AlertRule | undefined): Draft {
  if (!rule) return { ...BLANK };
  const { name, severity, condition, scope } = rule;
  const common = { ...BLANK, name, severity, tags: scope.tags, devices: scope.devices };
  if (condition.kind === 'offline') return { ...common, kind: 'offline', forMin: minutes(condition.for_s) };
  if (condition.kind !== 'threshold') return common;
  const { metric, above, threshold, clear, for_s, clear_for_s } = condition;
  return {
    ...common,
    metric,
    above,
    threshold,
    clear,
    forMin: minutes(for_s),
    clearForMin: minutes(clear_for_s),
  };
}

/** The rule to send. An empty number becomes NaN, which JSON sends as null and the server refuses. */
export function ruleOf(draft: Draft): Omit<NewAlertRule, 'enabled'> {
  const { name, severity, kind, metric, above, threshold, clear, forMin, clearForMin, tags, devices } = draft;
  return {
    name: name.trim(),
    severity,
    scope: { tags: [...tags], devices: [...devices] },
    condition:
      kind === 'offline'
        ? { kind, for_s: seconds(forMin) }
        : {
            kind,
            metric: metric.trim(),
            above,
            threshold: threshold ?? NaN,
            for_s: seconds(forMin),
            clear: clear ?? NaN,
            clear_for_s: seconds(clearForMin),
          },
  };
}
