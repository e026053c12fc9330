/**
 * The shapes of silences and maintenance windows: times in which no messages about some alerts are sent. [A6] The
 * alerts themselves are raised and shown as ever. All times are epoch milliseconds, UTC.
 */
import { z } from 'zod';
import { severity } from './alerts.ts';
import { machineScope } from './machine-scope.ts';
import { weekHours } from './notify.ts';
import { optionalText } from './text.ts';
import { timestamp } from './timestamp.ts';

/** The most silences that are kept, past ones included. */
export const MOST_SILENCES = 1000;

/** Which machines, and by `rules` and `severities` which of their alerts. */
export const silenceScope = machineScope.extend({
  /** Rule ids. */
  rules: z.array(z.string().max(128)).max(200).default([]),
  severities: z.array(severity).max(2).default([]),
});
export type SilenceScope = z.infer<typeof silenceScope>;

const once = z.strictObject({ kind: z.literal('once'), from: z.number(), to: z.number() });
const weekly = z.strictObject({
  kind: z.literal('weekly'),
  hours: weekHours,
  /** The first moment at which the hours count. */
  from: z.number(),
  /** The last moment at which they count; null: they go on. */
  until: z.number().nullable(),
});
export const silenceTime = z.discriminatedUnion('kind', [once, weekly]);
export type SilenceTime = z.infer<typeof silenceTime>;

/** Such as `Kernel update` or `Nightly backup`: what the window is for. */
const comment = optionalText(500);

export const silenceKind = z.enum(['silence', 'maintenance']);

export const silenceRecord = z.object({
  id: z.string(),
  /** A maintenance window is shown on its machines, too. */
  kind: silenceKind,
  comment,
  created_by: z.string(),
  created_at: z.number(),
  scope: silenceScope,
  time: silenceTime,
});
export type SilenceRecord = z.infer<typeof silenceRecord>;

const window = z.object({ from: z.number(), to: z.number() });

/** What a silence covers now. */
export const silenceMatches = z.object({
  machines: z.number(),
  /** Active alerts. */
  alerts: z.number(),
});
/** Asks what a scope would cover, while somebody enters it. */
export const silenceMatchesRequest = z.strictObject({ scope: silenceScope });

export const silence = silenceRecord.extend({
  state: z.enum(['active', 'planned', 'past']),
  /** The window that is now, or the next one, or else the last one; null of hours that never come. */
  window: window.nullable(),
  matches: silenceMatches,
});
export type Silence = z.infer<typeof silence>;
export const silencesReply = z.object({ silences: z.array(silence) });

const newOnce = z.strictObject({
  kind: z.literal('once'),
  from: timestamp.describe('When it begins; now where it is left out.').optional(),
  to: timestamp,
});
const newWeekly = z.strictObject({
  kind: z.literal('weekly'),
  hours: weekHours,
  from: timestamp.optional(),
  until: timestamp.nullable().default(null),
});
const newTime = z.discriminatedUnion('kind', [newOnce, newWeekly]);
export type NewSilenceTime = z.output<typeof newTime>;

export const silenceCreate = z.strictObject({
  kind: silenceKind.default('silence'),
  comment: comment.default(''),
  scope: silenceScope,
  time: newTime,
});
/** Replaces the properties that are present, each as a whole. */
export const silencePatch = z.strictObject({
  kind: silenceKind.optional(),
  comment: comment.optional(),
  scope: silenceScope.optional(),
  time: newTime.optional(),
});
/** Silences one alert: its rule on its machine, from now on. */
export const alertSilenceRequest = z.strictObject({
  minutes: z
    .number()
    .int()
    .min(1)
    .max(60 * 24 * 366),
  comment: comment.default(''),
});
/** The windows that begin before `to` and end after `from`, for a calendar. */
export const silenceWindowsReply = z.object({
  windows: z.array(window.extend({ silence_id: z.string() })),
});
export type SilenceWindow = z.infer<typeof silenceWindowsReply>['windows'][number];
