/** Types that several parts of the server share, each defined once. Types only: nothing here runs. */
import type { DeviceStatus, Role } from '#protocol/api.ts';
import type { Ignored } from '#protocol/ignored.ts';
import type { ProcessReport } from '#protocol/processes.ts';
import type { Inventory, Sample } from '#protocol/sample.ts';

/** The log as every part uses it. Each call takes named facts (`{ err, path }`), then a sentence. */
export type Log = Readonly<
  Record<'debug' | 'info' | 'warn' | 'error', (facts: object, text: string) => void>
>;

/** Entries below this level are not written. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/**
 * The clock that every part reads time from and sets timers on. Tests pass a clock that they move by hand.
 */
export interface Clock {
  /**
   * The current time in epoch milliseconds. Somebody may set the machine's clock back or forward at any time.
   */
  now(): number;
  /** Runs `job` once after `ms` milliseconds; returns a function that cancels it. */
  after(ms: number, job: () => void): () => void;
  /**
   * Runs `job` every `ms` milliseconds without keeping the process alive; returns a function that stops it.
   */
  every(job: () => void, ms: number): () => void;
}

/** Who a valid session belongs to: a person or a display. */
export interface SignedIn {
  readonly sessionId: string;
  readonly username: string;
  readonly role: Role;
  /** When the session ends, epoch milliseconds. */
  readonly expiresAt: number;
  /** [W1] Of a display link: the machines that it shows. Absent: all. */
  readonly sight?: Sight | undefined;
}

/** [W1] The machines that a display may see, as they are at the time. */
export interface Sight {
  /** Of the display link. Sessions with the same key see the same machines. */
  readonly key: string;
  has(deviceId: string): boolean;
}

/** A push that the journal has on disk, as the ingest passes it on to fleet, alerts and live. */
export interface AcceptedPush {
  readonly deviceId: string;
  /** The push's new samples in ascending time, without duplicates; empty when all were duplicates. */
  readonly samples: readonly Sample[];
  /**
   * [F3] Those of `samples` that are the device's current ones: screens show them, and alerts evaluate them. Late
   * samples, as from an agent's spool, are not among them.
   */
  readonly current: readonly Sample[];
  /** The reports on processes that came with the samples; most pushes have none. */
  readonly processes?: readonly ProcessReport[];
  /** What the machine is made of, and what its probes found; most pushes say nothing of it. */
  readonly inventory?: Inventory | undefined;
  /** When the push arrived, by the server's clock, epoch milliseconds. */
  readonly arrived: number;
  /** Seconds until the device's next push is expected. */
  readonly intervalS: number;
  /** When the push was sent, epoch milliseconds by the clock of its samples' times. */
  readonly sentAt: number;
  /** [I7] What was left out of the push; undefined when nothing was. */
  readonly ignored?: Ignored | undefined;
  /** [F4] Whether several agents push as this device. */
  readonly isShared?: boolean | undefined;
}

/** A device went online or offline. */
export interface StatusChange {
  readonly deviceId: string;
  readonly status: DeviceStatus;
  /** When the server noticed the change, epoch milliseconds. */
  readonly at: number;
  /** When the device's last accepted push arrived, epoch milliseconds; null when it never pushed. */
  readonly lastSeen: number | null;
}
