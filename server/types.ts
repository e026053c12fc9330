/** Types that several parts of the server share, each defined once. Types only: nothing here runs. */
import type { DeviceStatus, Role } from '#protocol/api.ts';
import type { Sample } from '#protocol/sample.ts';

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

/** A push that the journal holds: what the parts behind the ingest are told of it. */
export interface AcceptedPush {
  readonly deviceId: string;
  /** The new ones only, in ascending time; empty when all were duplicates. */
  readonly samples: readonly Sample[];
  /** When it arrived, by the server's clock, epoch milliseconds. */
  readonly arrived: number;
  /** Seconds until the device's next push is expected. */
  readonly intervalS: number;
  /** When it was sent, by the clock that its samples' times are of; undefined where the push does not say. */
  readonly sentAt: number | undefined;
}

/** A device went online or offline. */
export interface StatusChange {
  readonly deviceId: string;
  readonly status: DeviceStatus;
  /** When this became known, epoch milliseconds. */
  readonly at: number;
  /** When its last accepted push arrived, epoch milliseconds; null where there was none. */
  readonly lastSeen: number | null;
}
