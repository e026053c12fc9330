/**
 * Runs the collectors [G3]: it times each one, keeps one's failure away from the others, and merges their fields into one
 * sample. It never waits: what a slow collector finds is part of the samples taken after it ended.
 */
import { errorText } from '#protocol/errors.ts';
import { FIELDS_PER_SAMPLE } from '#protocol/fields.ts';
import type { Declarations } from '#protocol/declarations.ts';
import { CollectFailure } from '../collectors/collector.ts';
import type { Collector, CollectorEntry, Context, Described, Fields } from '../collectors/collector.ts';
import type { Log } from '../log.ts';

/** How long the fields of a collector are repeated beyond its `every`, in milliseconds, while it gives no new ones. */
const FRESH_FOR = 15_000;
/** A collector that blocks for this many milliseconds is reported once in the log. */
const SLOW = 100;
/** One that has not answered for this many milliseconds is reported, too. */
const HANGING = 30_000;
const FULL = `this machine has more values than the ${FIELDS_PER_SAMPLE} of a sample: some are left out, of the collector with the most`;
/** A timer may fire this many milliseconds early; a collector that is due this soon is called now. */
const EARLY = 100;

/** The fields in one record, and how many of them there is no room for in a sample. */
function merge(parts: readonly Fields[]): { readonly fields: Fields; readonly leftOut: number } {
  const fields: Fields = {};
  for (const part of parts) Object.assign(fields, part);
  const leftOut = Object.keys(fields).length - FIELDS_PER_SAMPLE;
  if (leftOut <= 0) return { fields, leftOut: 0 };
  // The collector with the most fields loses some: first its instances, its totals last.
  const isInstance = ([name]: [string, number]) => Number(name.includes(':'));
  const entries = parts
    .map((part) => Object.entries(part).sort((one, other) => isInstance(one) - isInstance(other)))
    .sort((one, other) => one.length - other.length);
  return { fields: Object.fromEntries(entries.flat().slice(0, FIELDS_PER_SAMPLE)), leftOut };
}

/** What one collector has done since the start. Times are in milliseconds. */
export interface CollectorRecord {
  readonly name: string;
  /** Milliseconds between two calls; 0: with every sample. */
  readonly every: number;
  readonly state: 'measures' | 'absent' | 'fails' | 'hangs';
  /** How many fields it gave last. */
  readonly fields: number;
  readonly calls: number;
  readonly failures: number;
  /** From its last call to its answer, and the mean of all; undefined before its first answer. */
  readonly lastMs: number | undefined;
  readonly meanMs: number | undefined;
  /** How long all its calls have held up the agent. What the system did for it meanwhile is not in it. */
  readonly heldMs: number;
  /** Why it failed last. */
  readonly problem: string | undefined;
  /** What is wrong with what it measures, though it measures. */
  readonly trouble: string | undefined;
}

interface Running extends Pick<CollectorEntry, 'name'> {
  readonly every: number;
  readonly collector: Collector;
  due: number;
  /** Since when its answer is awaited; undefined while none is. */
  busySince: number | undefined;
  fields: Fields;
  /** When `fields` were found. */
  at: number;
  failing: boolean;
  slow: boolean;
  hanging: boolean;
  absent: boolean;
  calls: number;
  answers: number;
  failures: number;
  lastMs: number;
  answerMs: number;
  heldMs: number;
  problem: string | undefined;
  /** The last trouble of it that was logged. */
  logged: string | undefined;
}

export interface Sampler {
  /** Measures once. `at`: now, in milliseconds of a clock that never steps. */
  sample(at: number): Fields;
  /** What each collector has done since the start. */
  records(): CollectorRecord[];
  /** What the collectors found that is text; the same objects until something in them has changed. */
  described(): readonly Described[];
  /** What collectors declare of their own fields; the same objects until something in them has changed. */
  declared(): readonly Declarations[];
  /** Ends what collectors hold open. */
  stop(): void;
}

interface SamplerParts extends Pick<Context, 'read' | 'readAside'> {
  readonly collectors: readonly CollectorEntry[];
  readonly log: Log;
  readonly monotonic: () => number;
}

export function createSampler({ collectors, read, readAside, log, monotonic }: SamplerParts): Sampler {
  const all = collectors.map(({ name, every = 0, create }): Running => ({
    name,
    every,
    collector: create(),
    due: -Infinity,
    busySince: undefined,
    fields: {},
    at: -Infinity,
    failing: false,
    slow: false,
    hanging: false,
    absent: false,
    calls: 0,
    answers: 0,
    failures: 0,
    lastMs: 0,
    answerMs: 0,
    heldMs: 0,
    problem: undefined,
    logged: undefined,
  }));

  const tellTrouble = (one: Running) => {
    const trouble = one.collector.trouble?.();
    if (trouble === undefined || trouble === one.logged) return;
    one.logged = trouble;
    log.warn({ collector: one.name, trouble }, 'a collector does not measure everything that it should');
  };

  const found = (one: Running, fields: Fields | 'absent', at: number) => {
    one.absent = fields === 'absent';
    one.fields = fields === 'absent' ? {} : fields;
    one.at = at;
    if (one.failing) log.info({ collector: one.name }, 'the collector works again');
    one.failing = false;
    tellTrouble(one);
  };

  const failed = (one: Running, error: unknown, at: number) => {
    one.fields = error instanceof CollectFailure ? error.fields : {};
    one.at = at;
    one.failures++;
    one.problem = errorText(error);
    if (!one.failing) log.warn({ collector: one.name, err: error }, 'a collector fails; the others go on');
    one.failing = true;
  };

  const answered = (one: Running, ms: number) => {
    one.lastMs = ms;
    one.answerMs += ms;
    one.answers++;
  };

  const settle = async (one: Running, answer: Promise<Fields | 'absent'>, at: number, begun: number) => {
    one.busySince = at;
    try {
      found(one, await answer, at);
    } catch (error) {
      failed(one, error, at);
    }
    answered(one, monotonic() - begun);
    if (one.hanging) log.info({ collector: one.name }, 'the collector answers again');
    one.hanging = false;
    one.busySince = undefined;
  };

  const checkAnswer = (one: Running, at: number) => {
    if (one.hanging || one.busySince === undefined || at - one.busySince < HANGING) return;
    one.hanging = true;
    const seconds = HANGING / 1000;
    log.warn(
      { collector: one.name, seconds },
      'a collector does not answer; its values are not known until it does',
    );
  };

  const start = (one: Running, context: Context) => {
    const begun = monotonic();
    one.due = context.at + one.every;
    one.calls++;
    try {
      const answer = one.collector.collect(context);
      if (answer instanceof Promise) void settle(one, answer, context.at, begun);
      else found(one, answer, context.at);
    } catch (error) {
      failed(one, error, context.at);
    }
    const ms = monotonic() - begun;
    one.heldMs += ms;
    if (one.busySince === undefined) answered(one, ms);
    if (ms < SLOW || one.slow) return;
    one.slow = true;
    log.warn({ collector: one.name, ms: Math.round(ms) }, 'a collector is slow and delays the samples');
  };

  let isFull = false;
  return {
    sample(at) {
      const context: Context = { at, read, readAside };
      const parts: Fields[] = [];
      for (const one of all) {
        if (one.busySince === undefined && at >= one.due - EARLY) start(one, context);
        checkAnswer(one, at);
        if (at - one.at <= one.every + FRESH_FOR) parts.push(one.fields);
      }
      const { fields, leftOut } = merge(parts);
      if (leftOut > 0 && !isFull) log.warn({ leftOut }, FULL);
      isFull = leftOut > 0;
      return fields;
    },
    records: () => all.map(recordOf),
    described: () => all.flatMap(({ collector }) => collector.described?.() ?? []),
    declared() {
      const parts: Declarations[] = [];
      for (const { collector } of all) {
        const declared = collector.declared?.();
        if (declared !== undefined) parts.push(declared);
      }
      return parts;
    },
    stop() {
      for (const { collector } of all) collector.stop?.();
    },
  };
}

function recordOf(one: Running): CollectorRecord {
  const { name, every, calls, answers, failures, heldMs, problem } = one;
  return {
    name,
    every,
    state: one.hanging ? 'hangs' : one.failing ? 'fails' : one.absent ? 'absent' : 'measures',
    fields: Object.keys(one.fields).length,
    calls,
    failures,
    lastMs: answers > 0 ? one.lastMs : undefined,
    meanMs: answers > 0 ? one.answerMs / answers : undefined,
    heldMs,
    problem,
    trouble: one.failing ? undefined : one.collector.trouble?.(),
  };
}
