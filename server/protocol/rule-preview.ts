/** The shapes of a rule's preview, of the questions about a rule, and of rules in a file. Times: epoch milliseconds. */
import { z } from 'zod';
import { alertRule, alertRuleCreate, severity } from './alerts.ts';
import { point } from './api.ts';

/** Something about a rule that is allowed, but maybe not meant. */
export const ruleWarning = z.object({
  /** The part of the rule: `condition.threshold`. */
  path: z.string(),
  message: z.string(),
  /** What may be meant: the value for this part, and how it is called. */
  suggestions: z.array(z.object({ value: z.union([z.string(), z.number()]), label: z.string() })),
});
export type RuleWarning = z.infer<typeof ruleWarning>;

/** The reply to a rule that was added or changed: the rule, and what may not be meant. */
export const alertRuleSaved = alertRule.extend({ warnings: z.array(ruleWarning) });

export const previewRequest = z.strictObject({
  rule: alertRuleCreate,
  /** Devices to look at; those that the rule covers where it is absent. */
  devices: z.array(z.string().max(128)).min(1).max(1000).optional(),
  /** Days before now. */
  days: z.number().positive().max(90).default(7),
});

/** A time at which the rule would have fired. */
export const firing = z.object({
  device_id: z.string(),
  device_name: z.string(),
  metric: z.string(),
  /** The most severe that it became. */
  severity,
  /** What was read, in words; absent where the value says it. */
  reading: z.string().optional(),
  value: z.number(),
  from: z.number(),
  /** Null where it would fire now. */
  to: z.number().nullable(),
});
export type Firing = z.infer<typeof firing>;

/** Something that a preview cannot say. */
export const previewNote = z.discriminatedUnion('kind', [
  /** The history does not keep how wrong clocks were. */
  z.object({ kind: z.literal('clocks_not_kept') }),
  /** So many machines were not looked at, which would take too long. */
  z.object({ kind: z.literal('machines_left_out'), count: z.number().int() }),
  /** Shorter outages than this cannot be seen in what the history still has. */
  z.object({ kind: z.literal('short_outages_unseen'), shorter_than_ms: z.number() }),
  /** Means are read, in which short peaks are flatter than they were. */
  z.object({ kind: z.literal('peaks_flatter') }),
]);
export type PreviewNote = z.infer<typeof previewNote>;

export const previewReply = z.object({
  from: z.number(),
  to: z.number(),
  /** The finest part of the history that holds the time and is not too much to look at: samples, or means. */
  tier: z.enum(['samples', 'minutes', 'quarters']),
  step_ms: z.number(),
  /** How often the rule would have fired on all machines that were looked at. */
  count: z.number().int(),
  /** How many machines it covers now, and how many of them were looked at. */
  covered: z.number().int(),
  looked_at: z.number().int(),
  /** Machines on which it would have fired, the noisiest first, at most 50. */
  machines: z.array(z.object({ device_id: z.string(), device_name: z.string(), count: z.number().int() })),
  /** The newest firings, newest first, at most 200. */
  firings: z.array(firing),
  /** What the preview cannot say. */
  notes: z.array(previewNote),
  warnings: z.array(ruleWarning),
  /** The noisiest machine's field; null where there is no history of it. */
  chart: z
    .object({
      device_id: z.string(),
      device_name: z.string(),
      field: z.string(),
      step_ms: z.number(),
      points: z.array(point),
    })
    .nullable(),
});
export type PreviewReply = z.infer<typeof previewReply>;

/** A file of rules as YAML. */
export const importRequest = z.strictObject({
  yaml: z.string().max(1_000_000),
  /** Says what would be changed, and changes nothing. */
  dry_run: z.boolean().default(false),
});
export const importReply = z.object({
  applied: z.boolean(),
  added: z.array(z.string()),
  /** Names of rules, and which parts of them are different. */
  changed: z.array(z.object({ name: z.string(), parts: z.array(z.string()) })),
  unchanged: z.array(z.string()),
  /** Rules of the server that the file does not have; they stay. */
  not_in_file: z.array(z.string()),
  warnings: z.array(ruleWarning),
});
export type ImportReply = z.infer<typeof importReply>;
