/** The shapes of alerts and of the rules that raise them. All times are epoch milliseconds, UTC. */
import { z } from 'zod';
import { tags } from './api.ts';
import { text } from './text.ts';

export const severity = z.enum(['warning', 'critical']);
export type Severity = z.infer<typeof severity>;

export const alert = z.object({
  id: z.string(),
  rule_id: z.string(),
  /** The names of the rule and the device as they are now; of a removed one, as it was last. */
  rule_name: z.string(),
  device_id: z.string(),
  device_name: z.string(),
  /** The field that raised the alert (`cpu`, `mount:/var:used`), or `offline`. */
  metric: z.string(),
  /** The value that raised the alert; for `offline`, seconds since the device's last push. */
  value: z.number(),
  threshold: z.number(),
  /**
   * [I8] How many more fields of the device are beyond the threshold, for which the rule has raised no alert of its
   * own: a rule about a pattern raises at most 20 alerts for one device, and counts the rest in the first of them.
   */
  others: z.number().int().min(0).default(0),
  severity,
  state: z.enum(['firing', 'resolved']),
  /** When the alert was raised. */
  timestamp: z.number(),
  resolved_at: z.number().nullable(),
  /**
   * Why the alert ended: its condition cleared, a rule of higher severity took over, or its rule or device is
   * gone.
   */
  resolution: z.enum(['cleared', 'escalated', 'rule_changed', 'device_removed']).nullable(),
});
export type Alert = z.infer<typeof alert>;
export const alertsReply = z.object({ alerts: z.array(alert) });

/** The devices a rule applies to: all when both lists are empty, else those named or with one of the tags. */
const scope = z.strictObject({
  devices: z.array(z.string().max(128)).max(1000).default([]),
  tags: tags.default([]),
});

/** Seconds, at most 7 days. */
const durationS = z
  .number()
  .int()
  .min(0)
  .max(7 * 86_400);

const thresholdCondition = z.strictObject({
  kind: z.literal('threshold'),
  /** A field, or a pattern that matches every instance: `mount:*:used`. */
  metric: text(400),
  above: z.boolean().default(true),
  threshold: z.number(),
  /** Seconds the condition must hold before the alert is raised. */
  for_s: durationS.default(60),
  /** The alert ends when the value is beyond this one for `clear_for_s` seconds (hysteresis). */
  clear: z.number(),
  clear_for_s: durationS.default(60),
});

const offlineCondition = z.strictObject({
  kind: z.literal('offline'),
  /**
   * Seconds a device must be offline before the alert is raised; the alert ends when the device is online.
   */
  for_s: durationS.default(0),
});

export const condition = z
  .discriminatedUnion('kind', [thresholdCondition, offlineCondition])
  .refine((c) => c.kind !== 'threshold' || (c.above ? c.clear <= c.threshold : c.clear >= c.threshold), {
    path: ['clear'],
    message: 'must not lie on the firing side of the threshold',
  });
export type Condition = z.infer<typeof condition>;

export const alertRule = z.object({
  id: z.string(),
  name: z.string(),
  enabled: z.boolean(),
  scope,
  condition,
  severity,
});
export type AlertRule = z.infer<typeof alertRule>;
export const alertRulesReply = z.object({ alert_rules: z.array(alertRule) });
export const alertRuleCreate = z.strictObject({
  name: text(120),
  enabled: z.boolean().default(true),
  scope: scope.default({ devices: [], tags: [] }),
  condition,
  severity,
});
/** Replaces the properties that are present; a condition is replaced as a whole. */
export const alertRulePatch = z.strictObject({
  name: text(120).optional(),
  enabled: z.boolean().optional(),
  scope: scope.optional(),
  condition: condition.optional(),
  severity: severity.optional(),
});
