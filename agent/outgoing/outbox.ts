/**
 * Samples on their way. While the link is healthy they wait in memory for the next push and the disk is not
 * touched; once a push failed, every sample is on disk too [G1], and the newest stay in memory as well, so that the
 * first push that arrives again holds what people look at now.
 */
import { errorText } from '#protocol/errors.ts';
import type { Log } from '../log.ts';
import type { Spool } from './spool.ts';

interface Waiting {
  readonly number: number;
  readonly sample: string;
  /** Whether it is on disk too; those that are, are the spool's tail, in this order. */
  spooled: boolean;
}

export interface Live {
  readonly samples: readonly string[];
  /** To be given to `acknowledge`. */
  readonly upTo: number;
}

export interface Outbox {
  /** One sample as JSON. */
  add(sample: string): void;
  /** Waiting samples, oldest first, up to `bytes` (at least one); undefined when none waits. */
  live(bytes: number): Live | undefined;
  /** They arrived (or were set aside): they are forgotten, and the link is healthy. */
  acknowledge(upTo: number): void;
  /** A push failed: from now on samples go to disk. */
  failed(): void;
  /** Whether samples now go to disk. */
  isSpooling(): boolean;
}

export interface OutboxLimits {
  readonly samples: number;
  readonly bytes: number;
}

export const OUTBOX: OutboxLimits = { samples: 120, bytes: 512 * 1024 };

export function createOutbox(spool: Spool, log: Log, limits: OutboxLimits = OUTBOX): Outbox {
  let waiting: Waiting[] = [];
  let bytes = 0;
  let count = 0;
  let spooling = false;
  let diskWorks = true;

  const keep = (fresh: readonly Waiting[]) => {
    try {
      spool.append(fresh.map(({ sample }) => sample));
      for (const one of fresh) one.spooled = true;
      if (!diskWorks) log.info('the spool can be written again');
      diskWorks = true;
    } catch (error) {
      if (diskWorks)
        log.error({ reason: errorText(error) }, 'the spool cannot be written: samples wait in memory only');
      diskWorks = false;
    }
  };

  /** Memory holds the newest only; what falls out is on disk, or lost. */
  const trim = () => {
    let gone = 0;
    while (waiting.length > 1 && (waiting.length > limits.samples || bytes > limits.bytes)) {
      const oldest = waiting.shift();
      bytes -= oldest?.sample.length ?? 0;
      if (oldest?.spooled === false) gone++;
    }
    if (gone > 0) spool.lose(gone);
  };

  const failed = () => {
    if (spooling) return;
    spooling = true;
    keep(waiting);
    trim();
  };

  return {
    add(sample) {
      const fresh: Waiting = { number: ++count, sample, spooled: false };
      waiting.push(fresh);
      bytes += sample.length;
      if (spooling) keep([fresh]);
      // A push under way for very long: as good as failed.
      else if (waiting.length > limits.samples || bytes > limits.bytes) failed();
      if (spooling) trim();
    },
    live(most) {
      const samples: string[] = [];
      let [size, upTo] = [0, 0];
      for (const { number, sample } of waiting) {
        if (samples.length > 0 && size + sample.length > most) break;
        samples.push(sample);
        size += sample.length;
        upTo = number;
      }
      return samples.length > 0 ? { samples, upTo } : undefined;
    },
    acknowledge(upTo) {
      // What waits and is the spool's tail as well was sent, or is in memory for the next push.
      const spooled = waiting.filter((one) => one.spooled);
      if (spooled.length > 0) spool.forgetNewest(spooled.length);
      for (const one of spooled) one.spooled = false;
      spooling = false;
      waiting = waiting.filter(({ number }) => number > upTo);
      bytes = waiting.reduce((sum, { sample }) => sum + sample.length, 0);
    },
    failed,
    isSpooling: () => spooling,
  };
}
