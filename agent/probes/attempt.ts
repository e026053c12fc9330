/** One try of a probe: what it is given, and what it ends with. */
import type { Allowance, Destination } from './allowance.ts';

/** A try that was made. */
export interface Outcome {
  /** Why it failed, in a few words; undefined where it did not. */
  readonly problem: string | undefined;
  /** What was measured, by the last part of the fields' names. */
  readonly values: Readonly<Record<string, number>>;
}

/** The agent may not do this, or cannot. It says nothing about the target. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  /** What a person can do about it, as a line for the machine's settings; '' where that is nothing. */
  readonly remedy: string;
  constructor(reason: string, remedy: string) {
    super(reason);
    this.remedy = remedy;
  }
}

export interface Attempt {
  /** Aborted when the time is over; a try then ends at once. */
  readonly signal: AbortSignal;
  /** Milliseconds of a clock that never steps. */
  readonly monotonic: () => number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Notes what the try waits for, for the case that its time ends then: `connecting to 192.0.2.1:443`. */
  readonly doing: (what: string) => void;
  /** The addresses of a host, in the order in which they are to be used. Rejects where it has none. */
  readonly addressesOf: (host: string, family: 'any' | '4' | '6') => Promise<readonly string[]>;
  readonly allowance: Allowance;
  /** Authorities whose certificates count besides those that the system trusts, as PEM. */
  readonly authorities?: readonly string[];
}

/** What a kind of probe is: it ends with an outcome, or rejects with a RefusedError or any other error, which becomes one. */
export type Kind<Work> = (work: Work, attempt: Attempt) => Promise<Outcome>;

/** @throws RefusedError where the agent may not connect there */
export function checkAllowed({ allowance }: Pick<Attempt, 'allowance'>, destination: Destination): void {
  if (allowance.allows(destination)) return;
  const { reason, remedy } = allowance.refusal(destination);
  throw new RefusedError(reason, remedy);
}

/**
 * The address to connect to: the first one that this agent may. It is what is connected to, so that a name that is
 * another address a moment later leads nowhere else. Rejects with a RefusedError where it may connect to none.
 */
export async function findAddress(
  attempt: Pick<Attempt, 'addressesOf' | 'allowance' | 'doing'>,
  host: string,
  port: number | undefined,
  family: 'any' | '4' | '6',
): Promise<string> {
  attempt.doing(`looking up ${host}`);
  const addresses = await attempt.addressesOf(host, family);
  const allowed = addresses.find((address) => attempt.allowance.allows({ host, address, port }));
  if (allowed !== undefined) return allowed;
  const [address = host] = addresses;
  checkAllowed(attempt, { host, address, port });
  return address;
}

/** Milliseconds with two digits after the point, for a field. */
export const roundMs = (ms: number) => Math.max(0, Math.round(ms * 100) / 100);
