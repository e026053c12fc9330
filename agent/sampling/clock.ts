/** The time, as the agent's parts see it. Tests hand in a clock that they move themselves. */
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

export interface Clock {
  /** Wall-clock time in epoch milliseconds. It may step forward or back. */
  now(): number;
  /** Milliseconds of a clock that never steps, for durations. It may stand still while the machine sleeps. */
  monotonic(): number;
  /** Milliseconds since the machine booted, its sleep included. */
  uptime(): number;
  /** Calls `job` once, after `ms` milliseconds; returns its cancel. */
  after(ms: number, job: () => void): () => void;
}

/** What the wall clock was set to while a sample was taken. */
export interface ClockSetting {
  /** Tells boots of the machine apart. */
  readonly boot: string;
  /** When that boot was, by the wall clock, in epoch milliseconds. */
  readonly bootedAt: number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  uptime: () => uptime() * 1000,
  after(ms, job) {
    const timer = setTimeout(job, ms);
    return () => clearTimeout(timer);
  },
};

/** A text that is another one after each boot of this machine or container; undefined where the system has none. */
export function bootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() || undefined;
  } catch {
    // Only Linux has this file.
    return undefined;
  }
}
