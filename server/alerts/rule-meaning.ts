/** Whether an alert still belongs to its rule after that was edited. */
import { isDeepStrictEqual } from 'node:util';
import type { Alert, AlertRule } from '#protocol/api.ts';
import { fieldMatches } from '#protocol/fields.ts';

/** Whether what one rule raised, the other would raise just so: all but their names and scopes. */
export function sameMeaning(a: AlertRule, b: AlertRule): boolean {
  return a.severity === b.severity && isDeepStrictEqual(a.condition, b.condition);
}

/** Whether a stored alert is one that this rule, as it now is, would raise. */
export function stillMeant(rule: AlertRule, alert: Alert): boolean {
  if (!rule.enabled || rule.severity !== alert.severity) return false;
  if (rule.condition.kind === 'offline') return alert.metric === 'offline';
  return rule.condition.threshold === alert.threshold && fieldMatches(rule.condition.metric, alert.metric);
}
