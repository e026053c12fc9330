/** An attack on a running server: one file each, with one shape, in the list of `run.ts`. */
import { setTimeout as pause } from 'node:timers/promises';
import type { TestServer } from '../../e2e/product.ts';
import type { RoundDevice } from '../push-round.ts';

/** The server that is attacked. */
export interface Target {
  readonly server: TestServer;
  /** The server's authority, PEM. */
  readonly ca: string;
  /** Registered devices with their tokens, as many as the attack asks for. None of them is an honest one. */
  readonly devices: readonly RoundDevice[];
  /** What honest devices push, as `writeSamples` wrote it. */
  readonly samplesFile: string;
  /** Whether the attack has lasted long enough; it MUST then end soon. */
  over(): boolean;
}

/** What the attack did and what it was answered, by name: `{ sent: 200, 'answered 413': 200 }`. */
export type Counts = Readonly<Record<string, number>>;

export interface Attack {
  /** For the command line: one word. */
  readonly name: string;
  /** What the attacker does, in one line. */
  readonly what: string;
  /** How many devices are registered for the attack; none where it is left out. */
  readonly devices?: number;
  /** Brings the server into the state that is attacked; not measured. */
  prepare?(target: Target): Promise<void>;
  run(target: Target): Promise<Counts>;
}

/** Counts by name; a new name starts at 0. */
export class Tally {
  readonly #counts = new Map<string, number>();

  add(name: string, count = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  /** Keeps the greatest of the numbers under this name. */
  most(name: string, count: number): void {
    this.#counts.set(name, Math.max(this.#counts.get(name) ?? 0, count));
  }

  counts(): Counts {
    return Object.fromEntries(this.#counts);
  }
}

/** Starts a job so many times a second until the attack is over; resolves when all of them have ended. */
export async function repeat(
  { over }: Pick<Target, 'over'>,
  perSecond: number,
  job: (turn: number) => Promise<void>,
): Promise<void> {
  const jobs: Promise<void>[] = [];
  const started = performance.now();
  for (let turn = 0; !over(); turn++) {
    jobs.push(job(turn));
    const dueIn = started + ((turn + 1) * 1000) / perSecond - performance.now();
    if (dueIn > 0) await pause(dueIn);
  }
  await Promise.all(jobs);
}
