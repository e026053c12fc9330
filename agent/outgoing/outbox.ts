/**
 * Samples that wait for their push. While pushes succeed they wait in memory only. When a push failed, every sample
 * is written to the spool too [G1]; the newest stay in memory as well, so that the first push that succeeds again
 * carries what people look at now.
 */
import { errorText } from '#protocol/errors.ts';
import type { Log } from '../log.ts';
import type { Sample } from '../sampling/sample.ts';
import type { Batch, Spool } from './spool.ts';

interface Waiting {
  readonly sample: Sample;
  readonly bytes: number;
  /** Whether the spool has it too. Those that it has are the spool's newest samples, in this order. */
  spooled: boolean;
}

export interface Outbox {
  add(sample: Sample): void;
  /** All samples in memory; undefined when there is none. Their `done` also ends the spooling. */
  next(): Batch | undefined;
  /** A push failed: from now on every sample goes to disk too. */
  failed(): void;
  /** Whether every sample goes to disk now. */
  isSpooling(): boolean;
  /** How many samples are in memory. */
  waiting(): number;
  /** Why the spool cannot be written; undefined while it can. */
  diskProblem(): string | undefined;
}

interface OutboxLimits {
  readonly samples: number;
  /** Of memory, as `memoryOf` estimates it. */
  readonly bytes: number;
}

/** Two minutes of samples. A machine with 4000 fields fills 2 MiB with seven samples: more than one push carries. */
const OUTBOX: OutboxLimits = { samples: 120, bytes: 2 * 1024 * 1024 };

/** Measured: V8 keeps an object with many keys in a hash table, with 63 to 77 bytes for each key and its number. */
const FIELD_BYTES = 72;

/** About what a row about a process takes. */
const ROW_BYTES = 300;

/** Estimates the memory that a sample takes, in bytes. The names of fields are shared by all samples. */
function memoryOf({ fields, processes }: Sample): number {
  return FIELD_BYTES * (1 + Object.keys(fields).length) + ROW_BYTES * (processes?.rows.length ?? 0);
}

export function createOutbox(spool: Spool, log: Log, limits: OutboxLimits = OUTBOX): Outbox {
  let waiting: Waiting[] = [];
  let bytes = 0;
  let spooling = false;
  let diskProblem: string | undefined;

  const write = (fresh: readonly Waiting[]) => {
    try {
      spool.append(fresh.map(({ sample }) => sample));
      for (const one of fresh) one.spooled = true;
      if (diskProblem !== undefined) log.info('the spool can be written again');
      diskProblem = undefined;
    } catch (error) {
      const reason = errorText(error);
      if (diskProblem === undefined)
        log.error({ reason }, 'the spool cannot be written: samples wait in memory only');
      diskProblem = reason;
    }
  };

  const isFull = () => waiting.length > limits.samples || bytes > limits.bytes;

  /** Takes the oldest samples out of memory until it holds few enough. Those that are not on disk are lost. */
  const trim = () => {
    let lost = 0;
    while (waiting.length > 1 && isFull()) {
      const oldest = waiting.shift();
      bytes -= oldest?.bytes ?? 0;
      if (oldest?.spooled === false) lost++;
    }
    if (lost > 0) spool.lose(lost);
  };

  const failed = () => {
    if (spooling) return;
    spooling = true;
    write(waiting);
    trim();
  };

  const done = (sent: ReadonlySet<Waiting>) => {
    // What is still in memory goes with the next push, so the spool need not keep it either.
    const spooled = waiting.filter((one) => one.spooled);
    if (spooled.length > 0) spool.forgetNewest(spooled.length);
    for (const one of spooled) one.spooled = false;
    spooling = false;
    // Whether it can be written now is not known before the next outage.
    diskProblem = undefined;
    waiting = waiting.filter((one) => !sent.has(one));
    bytes = waiting.reduce((sum, one) => sum + one.bytes, 0);
  };

  return {
    add(sample) {
      const fresh: Waiting = { sample, bytes: memoryOf(sample), spooled: false };
      waiting.push(fresh);
      bytes += fresh.bytes;
      if (spooling) write([fresh]);
      // Nothing was sent for a long time, although no push failed: it is still under way, or the interval is long.
      else if (isFull()) failed();
      if (spooling) trim();
    },
    next() {
      if (waiting.length === 0) return undefined;
      const sent = new Set(waiting);
      return { samples: waiting.map(({ sample }) => sample), done: () => done(sent) };
    },
    failed,
    isSpooling: () => spooling,
    waiting: () => waiting.length,
    diskProblem: () => diskProblem,
  };
}
