/** How often to sample and push: between what the server asks for and what this machine's owner set. */
import type { PushReply } from '#protocol/sample.ts';

export interface Pace {
  readonly intervalMs: number;
  readonly sampleMs: number;
}

/** Until the server has said anything. */
const FIRST = { interval_s: 5, sample_s: 1 };
const MOST_S = 3600;

/**
 * The owner's interval counts while nobody watches. A server that wants each sample as it is taken has somebody
 * watching: then its wish wins where it is the faster one.
 */
export function paceFor(
  owner: number | undefined,
  wish: Pick<PushReply, 'interval_s' | 'sample_s'> = FIRST,
): Pace {
  const isWatched = wish.interval_s <= wish.sample_s;
  const seconds =
    owner === undefined ? wish.interval_s : isWatched ? Math.min(owner, wish.interval_s) : owner;
  const within = (value: number, least: number) => Math.min(MOST_S, Math.max(least, value));
  const sample_s = within(wish.sample_s, 0.1);
  // A push without a sample is none, and the wire has no interval below a second.
  return { intervalMs: within(Math.max(seconds, sample_s), 1) * 1000, sampleMs: sample_s * 1000 };
}
