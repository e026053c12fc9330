/**
 * The shapes of traffic: bytes in and out of an interface by day and by billing period, and the quotas that compare them
 * with what a hoster allows. Times are epoch milliseconds, UTC.
 */
import { z } from 'zod';
import { INSTANCE_CHARS } from './fields.ts';
import { machineScope } from './machine-scope.ts';
import { optionalText, text, timeZone } from './text.ts';

/** [I8] The most quotas that are kept, and the most of them that count for one machine. */
export const MOST_QUOTAS = 500;
export const MOST_QUOTAS_OF_DEVICE = 8;

/** The interface that stands for all interfaces of a machine that count: `net_rx` and `net_tx`. */
export const TOTAL = 'total';

/** The fields of what an interface receives and sends, in bytes per second. */
export function rateFields(name: string): { readonly rx: string; readonly tx: string } {
  return name === TOTAL
    ? { rx: 'net_rx', tx: 'net_tx' }
    : { rx: `interface:${name}:rx`, tx: `interface:${name}:tx` };
}

/** When billing periods begin. */
export const billing = z.object({
  /** The day of the month at whose midnight a period begins; a month without it takes its last day. */
  billing_day: z.number().int().min(1).max(31),
  /** Whose midnight. */
  time_zone: timeZone,
});
export type BillingDay = z.infer<typeof billing>;

/** What counts: bytes sent, received, both together, or the larger of the two. */
export const quotaCounts = z.enum(['out', 'in', 'sum', 'larger']);
export type QuotaCounts = z.infer<typeof quotaCounts>;

const parts = {
  /** What people call it, such as `Hetzner CX22`; may be empty. */
  name: optionalText(100),
  /**
   * The machines that each have this allowance. Where several quotas are about the same interface of a machine, the one
   * that names the machine itself counts, then one by tag or name, then one for all machines; of equals the oldest.
   */
  scope: machineScope,
  /** An interface as `eth0`, or `total`: all that count. */
  interface: text(INSTANCE_CHARS),
  ...billing.shape,
  counts: quotaCounts,
  /** Bytes in a period. */
  allowance_bytes: z.number().positive().max(1e18),
  /** Percent of the allowance from which on a warning is due. */
  warn_percent: z.number().min(1).max(100),
};

export const quota = z.object({ id: z.string(), ...parts });
export type Quota = z.infer<typeof quota>;

/** What a quota is that does not say otherwise. */
export const QUOTA_DEFAULTS = {
  name: '',
  interface: TOTAL,
  billing_day: 1,
  time_zone: 'UTC',
  counts: 'out',
  warn_percent: 80,
} as const;

export const quotaCreate = z.strictObject({
  ...parts,
  name: parts.name.default(QUOTA_DEFAULTS.name),
  interface: parts.interface.default(QUOTA_DEFAULTS.interface),
  billing_day: parts.billing_day.default(QUOTA_DEFAULTS.billing_day),
  time_zone: parts.time_zone.default(QUOTA_DEFAULTS.time_zone),
  counts: parts.counts.default(QUOTA_DEFAULTS.counts),
  warn_percent: parts.warn_percent.default(QUOTA_DEFAULTS.warn_percent),
});
export const quotaPatch = z.strictObject(parts).partial();

/** What stands in a period of a quota for one machine. */
export const standing = z.object({
  /** The period. */
  from: z.number(),
  to: z.number(),
  /** When this was worked out. */
  at: z.number(),
  in_bytes: z.number(),
  out_bytes: z.number(),
  /** What counts of them. */
  used_bytes: z.number(),
  used_percent: z.number(),
  /** Seconds of the period so far of which no traffic is known; what was moved in them is not among the bytes. */
  unknown_s: z.number(),
  /** Seconds of the period of which it is known. */
  known_s: z.number(),
  /** 0: within the allowance, 1: from the warning's percentage on, 2: used up. */
  level: z.union([z.literal(0), z.literal(1), z.literal(2)]),
  /**
   * What will have been used at the end of the period: `bytes` at the mean rate of the last seven days; `low` and `high`
   * are the ends between this and the mean rate of the period so far. Null on the first day of a period, and while less
   * than a day is known.
   */
  forecast: z
    .object({ bytes: z.number(), percent: z.number(), low: z.number(), high: z.number() })
    .nullable(),
});
export type Standing = z.infer<typeof standing>;

/** A quota of one machine. `standing` is null until it was worked out for the first time. */
export const machineQuota = z.object({
  quota_id: z.string(),
  device_id: z.string(),
  device_name: z.string(),
  interface: z.string(),
  standing: standing.nullable(),
  /** Whether the machine has sent nothing of this interface in this period: it may have another name by now. */
  is_silent: z.boolean(),
});
export type MachineQuota = z.infer<typeof machineQuota>;

/** `machines`: those with the largest part of their allowance used come first. */
export const quotasReply = z.object({ quotas: z.array(quota), machines: z.array(machineQuota) });

/** The traffic in a span of time. */
export const trafficSpan = z.object({
  from: z.number(),
  to: z.number(),
  in_bytes: z.number(),
  out_bytes: z.number(),
  /** Seconds of which the traffic is known; the rest of the span has passed unmeasured, or is to come. */
  known_s: z.number(),
});
export type TrafficSpan = z.infer<typeof trafficSpan>;

export const trafficReply = z.object({
  device_id: z.string(),
  interface: z.string(),
  ...billing.shape,
  /** The days of the present period and those before, at least 31 in all, oldest first. */
  days: z.array(trafficSpan),
  /** The billing periods of which something is known, newest first. */
  periods: z.array(trafficSpan),
});
export type TrafficReply = z.infer<typeof trafficReply>;
