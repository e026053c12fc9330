/** Which alert routes take an alert, and which alerts of a route become one message. Pure functions. */
import type { Alert, Severity } from '#protocol/alerts.ts';
import { nameMatches } from '#protocol/name-pattern.ts';
import type { AlertRoute, RouteMatch } from '#protocol/notify.ts';
import { isWithin } from '../week-hours.ts';

/** Makes a test for names from a pattern, in which `*` stands for any characters; an empty pattern takes all. */
function namePattern(pattern: string): (name: string) => boolean {
  if (pattern === '') return () => true;
  return (name) => nameMatches(pattern, name);
}

/** Whether the list has the item; an empty list has all. */
const isAmong = <T>(list: readonly T[], item: T) => list.length === 0 || list.includes(item);

/** Whether a match takes alerts of a machine with this name and these tags. */
export function takesMachine(match: RouteMatch, name: string, tags: readonly string[]): boolean {
  const hasTag = match.tags.length === 0 || match.tags.some((tag) => tags.includes(tag));
  return hasTag && namePattern(match.name)(name);
}

/** Whether a match takes alerts of this rule and severity. */
export function takesRule({ severities, rules }: RouteMatch, ruleId: string, severity: Severity): boolean {
  return isAmong(severities, severity) && isAmong(rules, ruleId);
}

function matches(match: RouteMatch, alert: Alert, tags: readonly string[]): boolean {
  const { rule_id, severity, device_name, timestamp } = alert;
  if (!takesRule(match, rule_id, severity) || !takesMachine(match, device_name, tags)) return false;
  return match.hours === null || isWithin(match.hours, timestamp);
}

/**
 * The routes that take the alert, in their order: all that match until one that does not go on.
 * @param tags of the alert's machine
 */
export function routesOf(
  routes: readonly AlertRoute[],
  alert: Alert,
  tags: readonly string[],
): readonly AlertRoute[] {
  const taking: AlertRoute[] = [];
  for (const route of routes) {
    if (!route.enabled || !matches(route.match, alert, tags)) continue;
    taking.push(route);
    if (!route.goes_on) break;
  }
  return taking;
}

/** What the alerts that become one message of the route have in common. `tags`: of the alert's machine. */
export function groupKeyOf(route: AlertRoute, alert: Alert, tags: readonly string[]): string {
  switch (route.group_by) {
    case 'all':
      return '';
    case 'rule':
      return alert.rule_id;
    case 'machine':
      return alert.device_id;
    case 'tag':
      return tags.find((tag) => tag.startsWith(route.group_tag)) ?? '';
  }
}
