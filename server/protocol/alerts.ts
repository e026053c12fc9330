/** The shapes of alerts and of the rules that raise them. All times are epoch milliseconds, UTC. */
import { z } from 'zod';
import { tags } from './api.ts';
import { condition, isTiered, type Condition } from './conditions.ts';
import { declaration } from './declarations.ts';
import { alertProcesses } from './processes.ts';
import { optionalText, text } from './text.ts';

export const severity = z.enum(['warning', 'critical']);
export type Severity = z.infer<typeof severity>;

/** `acknowledged`: it still fires, and somebody has taken it on. */
export const alertState = z.enum(['firing', 'acknowledged', 'resolved']);
export type AlertState = z.infer<typeof alertState>;

/** Why an alert ended: its condition cleared, a rule of higher severity took over, or its rule or device is gone. */
const resolution = z.enum(['cleared', 'escalated', 'rule_changed', 'device_removed']);

const acknowledgement = z.object({ at: z.number(), by: z.string(), comment: z.string() });
const comment = z.object({ at: z.number(), by: z.string(), text: z.string() });

/** What happened to an alert after it was raised, besides comments. */
export const alertEvent = z.object({
  at: z.number(),
  what: z.enum(['acknowledged', 'unacknowledged', 'resolved', 'reopened', 'flapping']),
  /** The user who did it; null where nobody did, empty where a display is not told. */
  by: z.string().nullable(),
  /** The comment of an acknowledgement, or why an alert was resolved or is not acknowledged any more. */
  text: z.string(),
});
export type AlertEvent = z.infer<typeof alertEvent>;

/** [A6] What hides an alert's messages: a silence, a maintenance window, or a parent machine that is offline. */
export const mute = z.object({
  by: z.enum(['silence', 'maintenance', 'dependency']),
  /** Of the silence, or of the parent machine. */
  id: z.string(),
  name: z.string(),
  /** When it ends; null where that is not known. */
  until: z.number().nullable(),
});
export type Mute = z.infer<typeof mute>;

/** Of each alert, so many newest comments and events are kept. */
export const COMMENTS_KEPT = 100;
export const EVENTS_KEPT = 50;

export const alert = z.object({
  id: z.string(),
  rule_id: z.string(),
  /** The names of the rule and the device as they are now; of a removed one, as it was last. */
  rule_name: z.string(),
  device_id: z.string(),
  device_name: z.string(),
  /** The field that raised the alert (`cpu`, `mount:/var:used`), or `offline`, `rebooted`, `clock`. */
  metric: z.string(),
  /** The reading that raised the alert; for `offline`, seconds since the device's last push. */
  value: z.number(),
  threshold: z.number(),
  /** What kind of condition raised it; absent: `threshold` or `offline`. */
  kind: z.string().optional(),
  /** What was read when it was raised, in words: `full in about 18 h (12–30 h)`; absent where value and threshold say it. */
  reading: z.string().optional(),
  /** What its machine had declared of the field, where that is none of Watchfloor's own. */
  meaning: declaration.omit({ help: true }).optional(),
  /**
   * [I8] How many more fields of the device are beyond the threshold, for which the rule has raised no alert of its
   * own: a rule about a pattern raises at most 20 alerts for one device, and counts the rest in the first of them.
   */
  others: z.number().int().min(0).default(0),
  severity,
  state: alertState,
  /** When the alert was raised, the first time. */
  timestamp: z.number(),
  resolved_at: z.number().nullable(),
  resolution: resolution.nullable(),
  /** [A6] Who has taken the alert on; null where nobody has, or since it was reopened. */
  acknowledged: acknowledgement.nullable().default(null),
  /** Oldest first. */
  comments: z.array(comment).default([]),
  /** Oldest first. */
  events: z.array(alertEvent).default([]),
  /** How often its condition held again soon after it had cleared. */
  reopened: z.number().int().min(0).default(0),
  /** Whether it was reopened so often that it now ends only after a longer quiet time. */
  flapping: z.boolean().default(false),
  /** Since when the condition of a flapping alert does not hold; null while it does, and of other alerts. */
  quiet_since: z.number().nullable().default(null),
  /** [A6] Why no messages about it are sent; null while they are. */
  muted: mute.nullable().default(null),
});
export type Alert = z.infer<typeof alert>;

/** One alert by itself, with the processes behind it; null where nothing is known of them, absent for displays. */
export const alertDetail = alert.extend({ processes: alertProcesses.nullable().optional() });
export type AlertDetail = z.infer<typeof alertDetail>;

/** A condition that holds, but not yet for as long as its rule asks. */
export const pendingAlert = alert
  .pick({ rule_id: true, rule_name: true, device_id: true, device_name: true, metric: true, severity: true })
  .extend({
    /** Since when it holds. */
    since: z.number(),
    /** When it raises an alert, should it hold until then. */
    fires_at: z.number(),
  });
export type PendingAlert = z.infer<typeof pendingAlert>;

/**
 * The alert's threshold, where it is a value of its field, to be drawn in a chart of it; undefined for a change, a
 * forecast and whatever else has a threshold of its own unit.
 */
export function drawnThreshold({ metric, threshold, kind }: Alert): number | undefined {
  const isOfField = kind === undefined ? metric !== 'offline' : kind === 'equal';
  return isOfField ? threshold : undefined;
}

/** So many active alerts are sent to a page and kept there; where more machines have alerts, one of each. */
export const MOST_LIVE_ALERTS = 5000;

/** Whether the alert still needs somebody: it fires, nobody has acknowledged it, and nothing mutes it. */
export function isUnattended({ state, muted }: Pick<Alert, 'state' | 'muted'>): boolean {
  return state === 'firing' && muted === null;
}

/**
 * `most` of the alerts, whose order is kept within each group: the worst one of each machine, so that no machine seems
 * well, then critical ones before warnings, and those that need somebody before the others.
 */
export function worstAlerts(alerts: readonly Alert[], most = MOST_LIVE_ALERTS): readonly Alert[] {
  if (alerts.length <= most) return alerts;
  const groups: Alert[][] = [[], [], [], []];
  for (const alert of alerts)
    groups[(alert.severity === 'critical' ? 0 : 2) + (isUnattended(alert) ? 0 : 1)]?.push(alert);
  const machines = new Set<string>();
  const firsts: Alert[] = [];
  const others: Alert[] = [];
  for (const alert of groups.flat()) {
    if (machines.has(alert.device_id)) others.push(alert);
    else firsts.push(alert);
    machines.add(alert.device_id);
  }
  return [...firsts, ...others.slice(0, Math.max(0, most - firsts.length))];
}

/**
 * [W1] The alerts of the machines that are seen, as a wall shows them to whoever walks past: whether somebody has taken
 * an alert on and whether it is muted, but no names of people and nothing that they wrote, which is also what a silence
 * is called. A machine out of sight that another depends on is not named either.
 */
export function alertsForDisplay(alerts: readonly Alert[], sees: (deviceId: string) => boolean): Alert[] {
  return alerts
    .filter(({ device_id }) => sees(device_id))
    .map((alert) => ({
      ...alert,
      acknowledged: alert.acknowledged && { at: alert.acknowledged.at, by: '', comment: '' },
      comments: [],
      events: alert.events.map((event) => (event.by === null ? event : { ...event, by: '', text: '' })),
      muted: alert.muted && muteForDisplay(alert.muted, sees),
    }));
}

function muteForDisplay(muted: Mute, sees: (deviceId: string) => boolean): Mute {
  if (muted.by !== 'dependency') return { ...muted, name: '' };
  return sees(muted.id) ? muted : { ...muted, id: '', name: '' };
}

export const alertsReply = z.object({
  alerts: z.array(alert),
  /** What to ask with, as `cursor`, for the next page; null or absent where there is none. */
  next: z.string().nullable().optional(),
  /** Only for `state=pending`, which has no alerts: conditions that hold, but not yet long enough. */
  pending: z.array(pendingAlert).optional(),
});

const remark = optionalText(2000);
export const acknowledgeRequest = z.strictObject({ comment: remark.default('') });
export const acknowledgeManyRequest = z.strictObject({
  ids: z.array(z.string().max(64)).min(1).max(10_000),
  comment: remark.default(''),
});
export const commentRequest = z.strictObject({ text: text(2000) });

/** Milliseconds. */
const timeTaken = z.object({
  /** How many alerts it is worked out from. */
  count: z.number(),
  mean_ms: z.number(),
  median_ms: z.number(),
});
export type TimeTaken = z.infer<typeof timeTaken>;

const alertTally = z.object({
  /** Of the rule, or the device. */
  id: z.string(),
  name: z.string(),
  count: z.number(),
  /** How often these alerts were reopened. */
  reopened: z.number(),
  /** From an alert's beginning to its first acknowledgement; null where nobody acknowledged one. */
  acknowledge: timeTaken.nullable(),
  /** From an alert's beginning until its condition cleared; null where none did. */
  resolve: timeTaken.nullable(),
});
export type AlertTally = z.infer<typeof alertTally>;

/** What the kept alerts of a time say about rules and machines, the noisiest first. */
export const alertStatistics = z.object({
  count: z.number(),
  rules: z.array(alertTally),
  devices: z.array(alertTally),
});
export type AlertStatistics = z.infer<typeof alertStatistics>;

/** Whether the alert has not ended; somebody may have acknowledged it. */
export function isActive({ state }: Pick<Alert, 'state'>): boolean {
  return state !== 'resolved';
}

/** The devices a rule applies to: all when every list is empty, else those named in one of them. */
const scope = z.strictObject({
  devices: z.array(z.string().max(128)).max(1000).default([]),
  tags: tags.default([]),
  /** Patterns of names, with `*` for any characters. A machine that joins or is renamed later counts too. */
  names: z.array(text(200)).max(50).optional(),
});
export type Scope = z.infer<typeof scope>;

/** What is different for one device. Thresholds are absent where they are the rule's own. */
const override = z.strictObject({
  device_id: z.string().max(128),
  /** The rule raises nothing for this device. */
  muted: z.boolean().default(false),
  threshold: z.number().optional(),
  clear: z.number().optional(),
  critical_threshold: z.number().optional(),
  critical_clear: z.number().optional(),
});
export type Override = z.infer<typeof override>;

const overrides = z.array(override).max(1000);
/** What to do about an alert, for the person who is told: one line or more, an address too. */
const runbook = optionalText(2000);
/** Why the rule has these numbers. */
const why = optionalText(1000);

export const alertRule = z.object({
  id: z.string(),
  name: z.string(),
  enabled: z.boolean(),
  scope,
  condition,
  /** Of an alert; with a critical threshold, `warning` is the severity of the first one. */
  severity,
  overrides: overrides.optional(),
  runbook: runbook.optional(),
  why: why.optional(),
});
export type AlertRule = z.infer<typeof alertRule>;
export const alertRulesReply = z.object({ alert_rules: z.array(alertRule) });

/** The condition as it is for one device; undefined where the rule is muted there. */
export function conditionFor(
  { condition: general, overrides: all = [] }: Pick<AlertRule, 'condition' | 'overrides'>,
  deviceId: string,
): Condition | undefined {
  const own = all.find(({ device_id }) => device_id === deviceId);
  if (own === undefined) return general;
  if (own.muted) return undefined;
  if (!isTiered(general)) return general;
  const { critical } = general;
  const { threshold = general.threshold, clear = general.clear } = own;
  return {
    ...general,
    threshold,
    clear,
    ...(critical !== undefined && {
      critical: {
        ...critical,
        threshold: own.critical_threshold ?? critical.threshold,
        clear: own.critical_clear ?? critical.clear,
      },
    }),
  };
}

const hasThresholds = ({ threshold, clear, critical_threshold, critical_clear }: Override) =>
  [threshold, clear, critical_threshold, critical_clear].some((value) => value !== undefined);

/** What is wrong with the override for one device; undefined where nothing is. */
function overrideProblem(
  rule: Pick<AlertRule, 'condition' | 'overrides'>,
  own: Override,
): string | undefined {
  const isTwice = (rule.overrides ?? []).filter(({ device_id }) => device_id === own.device_id).length > 1;
  if (isTwice) return 'is there twice for one machine';
  if (hasThresholds(own) && !isTiered(rule.condition))
    return 'this rule has no threshold that could be different';
  const own_condition = conditionFor(rule, own.device_id);
  const issue = own_condition && condition.safeParse(own_condition).error?.issues[0];
  return issue && `${issue.path.join('.')} ${issue.message}`;
}

type Checked = Pick<AlertRule, 'condition' | 'overrides' | 'severity'>;

/** Adds what is wrong with a rule although each part of it is right. */
function checkRule(rule: Checked, context: z.RefinementCtx): void {
  const { condition: c, severity: own, overrides: all = [] } = rule;
  if (isTiered(c) && c.critical !== undefined && own === 'critical')
    context.addIssue({
      code: 'custom',
      path: ['severity'],
      message: 'must be "warning", as the condition has a critical threshold of its own',
    });
  for (const [index, each] of all.entries()) {
    const message = overrideProblem(rule, each);
    if (message !== undefined) context.addIssue({ code: 'custom', path: ['overrides', index], message });
  }
}

/** A rule whose parts fit each other. */
export const fittingRule = alertRule.superRefine(checkRule);

const newRule = z.strictObject({
  name: text(120),
  enabled: z.boolean().default(true),
  scope: scope.default({ devices: [], tags: [] }),
  condition,
  severity,
  overrides: overrides.optional(),
  runbook: runbook.optional(),
  why: why.optional(),
});
export const alertRuleCreate = newRule.superRefine(checkRule);
/** A rule in a file, which may name the one that it replaces. */
export const alertRuleInFile = newRule.extend({ id: text(128).optional() }).superRefine(checkRule);
/** Replaces the properties that are present; a condition is replaced as a whole. */
export const alertRulePatch = z.strictObject({
  name: text(120).optional(),
  enabled: z.boolean().optional(),
  scope: scope.optional(),
  condition: condition.optional(),
  severity: severity.optional(),
  overrides: overrides.optional(),
  runbook: runbook.optional(),
  why: why.optional(),
});
