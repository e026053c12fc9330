/** Types that several parts of the server share, each defined once. Types only: nothing here runs. */
import type { Role } from '#protocol/api.ts';

/** What a part may ask of the log: facts by name, then a sentence. */
export type Log = Readonly<
  Record<'debug' | 'info' | 'warn' | 'error', (facts: object, text: string) => void>
>;

/** Time, as it is handed to the parts; tests hand in a clock that they move by hand. */
export interface Clock {
  /** Epoch milliseconds. The machine's owner may set it back or forward at any time. */
  now(): number;
  /** Runs `job` once after `ms` milliseconds; returns what cancels it. */
  after(ms: number, job: () => void): () => void;
  /** Runs `job` every `ms` milliseconds without keeping the process alive for it; returns its stop. */
  every(job: () => void, ms: number): () => void;
}

/** A person with a valid session, or a display. */
export interface SignedIn {
  readonly sessionId: string;
  readonly username: string;
  readonly role: Role;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}
