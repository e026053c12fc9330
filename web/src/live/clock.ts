/** The server's clock as seen from here. */

/** Pulses the estimate looks back on; a corrected clock is followed after as many. */
const KEPT = 10;

/**
 * A message's time on the server, minus its arrival here, is the clocks' difference less the way it took. The
 * largest of the last few is the one that was least delayed.
 */
export class ServerClock {
  readonly #differences: number[] = [];
  #offset = 0;

  /** A message says `at` (server's clock) and arrived at `now` (ours), both epoch milliseconds. */
  heard(at: number, now: number): void {
    this.#differences.push(at - now);
    if (this.#differences.length > KEPT) this.#differences.shift();
    this.#offset = Math.max(...this.#differences);
  }

  /** Our time → the server's. */
  at(now: number): number {
    return now + this.#offset;
  }
}
