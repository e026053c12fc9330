/** What agents say of their probes besides numbers, in words; `probes.ts` says what a probe is. */
import { z } from 'zod';
import { optionalText, text } from './text.ts';

/** The most probes of one machine. */
export const MOST_PER_MACHINE = 50;

/** Names a list: another list has another version. */
export const probeVersion = z.string().regex(/^[0-9a-f]{1,64}$/);
/** The version of every list without a probe. */
export const NO_PROBES = '0';

/**
 * `up`; `failing`: the last try failed, but not yet so many in a row that it is down; `down`; `refused`: the agent may
 * not, or cannot, do this.
 */
export const probeState = z.enum(['up', 'failing', 'down', 'refused']);
export type ProbeState = z.infer<typeof probeState>;

/** What an agent says of a probe in words, part of its inventory. It changes with the state, not with each run. */
export const probeReport = z.object({
  id: z.string().min(1).max(64),
  name: text(80),
  state: probeState,
  /** Since when, by the machine's clock, epoch milliseconds. */
  since: z.number(),
  /** Why it is not up: `connection refused`; empty where it is. */
  reason: optionalText(300),
  /** What a person can do on that machine, as a line to put into a file; empty where that is nothing. */
  remedy: optionalText(600),
  /** The `asked_at` that the last run answered. */
  asked_at: z.number(),
});
export type ProbeReport = z.infer<typeof probeReport>;
