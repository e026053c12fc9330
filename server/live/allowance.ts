/**
 * How much a client may ask for, or a device may push: a token bucket, which is full at first. It takes in `perSecond`
 * and holds `burst`.
 */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export class Allowance {
  readonly #rate: Rate;
  readonly #now: () => number;
  #left: number;
  /** When `#left` was right, epoch milliseconds. */
  #filledAt: number;

  /** `now`: epoch milliseconds. */
  constructor(rate: Rate, now: () => number) {
    this.#rate = rate;
    this.#now = now;
    this.#left = rate.burst;
    this.#filledAt = now();
  }

  /** How much is left; below 0 where more was taken than there was. */
  left(): number {
    const { perSecond, burst } = this.#rate;
    const at = this.#now();
    // A clock that is set back adds nothing, and takes nothing away.
    const passedS = Math.max(0, at - this.#filledAt) / 1000;
    this.#left = Math.min(burst, this.#left + passedS * perSecond);
    this.#filledAt = at;
    return this.#left;
  }

  /** Whether anything is left. */
  isLeft(): boolean {
    return this.left() > 0;
  }

  isFull(): boolean {
    return this.left() === this.#rate.burst;
  }

  /** Takes so much, even more than is left: the bucket then stays empty for longer. */
  take(amount: number): void {
    this.#left -= amount;
  }
}
