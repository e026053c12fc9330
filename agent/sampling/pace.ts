/** How often to sample and to push: decided by the owner's setting and by what the server asks for. */
import type { PushReply } from '#protocol/sample.ts';
import { INTERVAL_S } from '../config/settings.ts';

/** How often this machine is sampled and how often it pushes, both in milliseconds. */
interface Intervals {
  readonly pushMs: number;
  readonly sampleMs: number;
}

/** What a server asks for, in seconds. */
type Wish = Pick<PushReply, 'interval_s' | 'sample_s'>;

/** What counts until the server has replied for the first time. */
const FIRST: Wish = { interval_s: INTERVAL_S.default, sample_s: 1 };
const LEAST_SAMPLE_S = 0.1;

/**
 * The owner's interval (seconds) counts while nobody watches this machine. A server that asks for a push with every
 * sample has a person watching: then the shorter of the two intervals counts.
 */
export function intervalsFor(ownerS: number | undefined, wish: Wish = FIRST): Intervals {
  const isWatched = wish.interval_s <= wish.sample_s;
  const seconds =
    ownerS === undefined ? wish.interval_s : isWatched ? Math.min(ownerS, wish.interval_s) : ownerS;
  const within = (value: number, least: number) => Math.min(INTERVAL_S.most, Math.max(least, value));
  const sampleS = within(wish.sample_s, LEAST_SAMPLE_S);
  // Pushes more frequent than samples would be empty.
  return { pushMs: within(Math.max(seconds, sampleS), INTERVAL_S.least) * 1000, sampleMs: sampleS * 1000 };
}

/** The intervals as the owner and the server's latest reply want them. */
export interface Pace {
  now(): Intervals;
  /** Takes over what the server asks for in its reply to a push. */
  obey(reply: PushReply): void;
  /** Calls `job` after each reply that changed the time between samples. There is one such job: the loop's. */
  onSampleChange(job: () => void): void;
}

/** `ownerS`: the owner's interval in seconds, if the settings have one. */
export function createPace(ownerS: number | undefined): Pace {
  let intervals = intervalsFor(ownerS);
  let changed: () => void = () => undefined;
  return {
    now: () => intervals,
    obey(reply) {
      const { sampleMs } = intervals;
      intervals = intervalsFor(ownerS, reply);
      if (intervals.sampleMs !== sampleMs) changed();
    },
    onSampleChange(job) {
      changed = job;
    },
  };
}
