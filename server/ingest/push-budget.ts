/**
 * [I6] [I8] Limits how often, and how much, each device may push. An agent that empties its spool stays below: it
 * pushes 600 KiB four times a second at most.
 */
import { ApiError } from '#protocol/errors.ts';
import { Allowance } from '../live/allowance.ts';

const PUSHES = { perSecond: 20, burst: 100 };
/** Of inflated bodies. */
const BYTES = { perSecond: 4 * 1024 * 1024, burst: 32 * 1024 * 1024 };

export interface PushBudget {
  /** Counts one push of the device. @throws ApiError `too_fast` past the budget */
  spend(deviceId: string): void;
  /** Counts the bytes of a push's inflated body. @throws ApiError `too_fast` past the budget */
  spendBytes(deviceId: string, bytes: number): void;
  forget(deviceId: string): void;
}

function spendFrom(allowance: Allowance, amount: number): void {
  if (allowance.left() < amount) throw new ApiError('too_fast', { retryAfterS: 1 });
  allowance.take(amount);
}

/** `now`: epoch milliseconds. */
export function createPushBudget(now: () => number): PushBudget {
  const devices = new Map<string, { readonly pushes: Allowance; readonly bytes: Allowance }>();

  function of(deviceId: string) {
    let device = devices.get(deviceId);
    if (device === undefined) {
      device = { pushes: new Allowance(PUSHES, now), bytes: new Allowance(BYTES, now) };
      devices.set(deviceId, device);
    }
    return device;
  }

  return {
    spend: (deviceId) => spendFrom(of(deviceId).pushes, 1),
    spendBytes: (deviceId, bytes) => spendFrom(of(deviceId).bytes, bytes),
    forget: (deviceId) => devices.delete(deviceId),
  };
}
