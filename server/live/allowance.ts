/** How much a client may ask for: a token bucket, which is full at first. */
export interface Allowance {
  /** Whether anything is left. */
  isLeft(): boolean;
  /** Takes so much, even more than is left: the bucket then stays empty for longer. */
  take(amount: number): void;
  isFull(): boolean;
}

/** `now`: epoch milliseconds. */
export function createAllowance(
  { perSecond, burst }: { readonly perSecond: number; readonly burst: number },
  now: () => number,
): Allowance {
  let left = burst;
  let filledAt = now();

  function fill(): void {
    const at = now();
    // A clock that is set back adds nothing, and takes nothing away.
    left = Math.min(burst, left + (Math.max(0, at - filledAt) / 1000) * perSecond);
    filledAt = at;
  }

  return {
    isLeft() {
      fill();
      return left > 0;
    },
    take(amount) {
      left -= amount;
    },
    isFull() {
      fill();
      return left === burst;
    },
  };
}
