/** How often something may be asked for: a bucket that holds one second's worth and fills steadily. */
export interface Allowance {
  /** False where it is used up. */
  take(): boolean;
}

/** `now` in milliseconds. */
export function createAllowance(perSecond: number, now: () => number): Allowance {
  let left = perSecond;
  let filled = now();
  return {
    take() {
      const at = now();
      left = Math.min(perSecond, left + (Math.max(0, at - filled) / 1000) * perSecond);
      filled = at;
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
}
