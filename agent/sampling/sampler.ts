/**
 * Runs the collectors [G3]: times each, shields each from the others, and merges what they say into one sample.
 * It never waits: what a slow collector finds is in the samples taken after it ended.
 */
import type { Collector, CollectorEntry, Context, Fields } from '../collectors/collector.ts';
import type { Log } from '../log.ts';

/** How long the fields of a paced or slow collector stay true beyond its pace. */
const FRESH_FOR = 15_000;
/** A collector that holds up the others this long is worth a line in the log. */
const SLOW = 100;

interface Running extends Pick<CollectorEntry, 'name'> {
  readonly every: number;
  readonly collector: Collector;
  due: number;
  busy: boolean;
  fields: Fields;
  /** When `fields` were found. */
  at: number;
  failing: boolean;
  slow: boolean;
}

export interface CollectorTiming {
  readonly name: string;
  /** Milliseconds of its last call. */
  readonly lastMs: number;
}

export interface Sampler {
  /** One sample's metrics as they go on the wire. `at`: monotonic milliseconds. */
  sample(at: number): Fields;
  /** Milliseconds that each collector's last call took, for the curious and the benchmark. */
  timings(): readonly CollectorTiming[];
}

export interface SamplerParts {
  readonly collectors: readonly CollectorEntry[];
  readonly read: Context['read'];
  readonly log: Log;
  readonly monotonic: () => number;
}

export function createSampler({ collectors, read, log, monotonic }: SamplerParts): Sampler {
  const took = new Map<string, number>();
  const all = collectors.map(({ name, every = 0, create }): Running => ({
    name,
    every,
    collector: create(),
    due: -Infinity,
    busy: false,
    fields: {},
    at: -Infinity,
    failing: false,
    slow: false,
  }));

  const found = (one: Running, fields: Fields | 'absent', at: number) => {
    one.fields = fields === 'absent' ? {} : fields;
    one.at = at;
    if (one.failing) log.info({ collector: one.name }, 'the collector works again');
    one.failing = false;
  };

  const failed = (one: Running, error: unknown) => {
    one.fields = {};
    if (!one.failing) log.warn({ collector: one.name, err: error }, 'a collector fails; the others go on');
    one.failing = true;
  };

  const timed = (one: Running, ms: number, blocking: boolean) => {
    took.set(one.name, ms);
    if (!blocking || ms < SLOW || one.slow) return;
    one.slow = true;
    log.warn({ collector: one.name, ms: Math.round(ms) }, 'a collector is slow and delays the samples');
  };

  const settle = async (one: Running, answer: Promise<Fields | 'absent'>, at: number, begun: number) => {
    one.busy = true;
    try {
      found(one, await answer, at);
    } catch (error) {
      failed(one, error);
    }
    one.busy = false;
    timed(one, monotonic() - begun, false);
  };

  const start = (one: Running, context: Context) => {
    const begun = monotonic();
    one.due = context.at + one.every;
    try {
      const answer = one.collector.collect(context);
      if (answer instanceof Promise) void settle(one, answer, context.at, begun);
      else found(one, answer, context.at);
    } catch (error) {
      failed(one, error);
    }
    if (!one.busy) timed(one, monotonic() - begun, true);
  };

  return {
    sample(at) {
      const context: Context = { at, read };
      const metrics: Fields = {};
      for (const one of all) {
        // A timer may come a little early: half a pace is never skipped for a few milliseconds.
        if (!one.busy && at >= one.due - 100) start(one, context);
        if (at - one.at <= one.every + FRESH_FOR) Object.assign(metrics, one.fields);
      }
      return metrics;
    },
    timings: () => [...took].map(([name, lastMs]) => ({ name, lastMs })),
  };
}
