/** What a running agent tells of itself: the answer to `watchfloor-agent status`. Times are in epoch milliseconds. */
import { z } from 'zod';
import { probeState } from '#protocol/probe-reports.ts';

const collectorStatus = z.object({
  name: z.string(),
  /** `hangs`: it has not answered for half a minute. */
  state: z.enum(['measures', 'absent', 'fails', 'hangs']),
  /** Seconds between two calls; 0: with every sample. */
  every_s: z.number(),
  fields: z.number(),
  calls: z.number(),
  failures: z.number(),
  /** Milliseconds from its call to its answer: of the last call, and the mean of all. */
  last_ms: z.number().optional(),
  mean_ms: z.number().optional(),
  /** Percent of the time since the start during which it held up the agent. */
  share: z.number(),
  /** Why it failed last. */
  problem: z.string().optional(),
  /** What is wrong with what it measures, though it measures. */
  trouble: z.string().optional(),
});

const probeStatus = z.object({
  name: z.string(),
  kind: z.string(),
  target: z.string(),
  /** `waits`: it was not tried yet. */
  state: z.enum([...probeState.options, 'waits']),
  /** Why it is not up, and what to do; empty otherwise. */
  reason: z.string(),
  remedy: z.string(),
  /** Milliseconds of the last answer. */
  ms: z.number().optional(),
  tried_at: z.number().optional(),
});

export const agentStatus = z.object({
  state: z.literal('running'),
  version: z.string(),
  pid: z.number(),
  started_at: z.number(),
  /** The data folder. */
  data: z.string(),
  hostname: z.string(),
  /** Empty before it joined a server. */
  device_id: z.string(),
  /** [F4] The short name of this very machine, as the server names it beside another one with the same identity. */
  machine: z.string().optional(),
  /** The name from its settings. */
  name: z.string().optional(),
  /** `host:port`, and the proxy that leads there. */
  server: z.string().optional(),
  /** Seconds that this machine's clock is ahead of the server's; negative: behind. */
  clock_ahead_s: z.number().optional(),
  push: z.object({
    /** The last one that was accepted. */
    accepted_at: z.number().optional(),
    next_at: z.number(),
    interval_s: z.number(),
    sample_s: z.number(),
    /** Samples that were sent since the start. */
    sent: z.number(),
    /** Since when, and why, samples cannot be sent. */
    failing: z
      .object({ since: z.number(), tries: z.number(), kind: z.string(), reason: z.string() })
      .optional(),
  }),
  spool: z.object({
    samples: z.number(),
    bytes: z.number(),
    limit_bytes: z.number(),
    oldest_at: z.number().optional(),
    /** Lost samples that the server was not told of yet. */
    dropped: z.number(),
    /** Samples in memory. */
    waiting: z.number(),
    /** Why it cannot be written or read. */
    problem: z.string().optional(),
  }),
  cost: z.object({
    /** Seconds of processor time since the start, and percent of one core. */
    cpu_s: z.number(),
    cpu: z.number(),
    memory_bytes: z.number(),
  }),
  collectors: z.array(collectorStatus),
  /** What it may probe, as in its settings. */
  probes_allowed: z.string(),
  probes: z.array(probeStatus),
  /** The last warnings and errors of its log, the newest last. */
  problems: z.array(z.object({ at: z.number(), level: z.enum(['warn', 'error']), text: z.string() })),
});

export type AgentStatus = z.infer<typeof agentStatus>;
