/** Where a system's processes are read: what the report needs of it. */
import type { DiskCounters } from './disk-use.ts';
import type { Facts } from './facts.ts';
import type { Process, ProcessTable } from './table.ts';

/** Ticks since boot of all cores together. */
export interface Ticks {
  /** On processes. */
  readonly processes: number;
  /** On anything, as the field `cpu` counts. */
  readonly busy: number;
  readonly total: number;
}

export interface ProcessSource {
  /** Makes the table. `onBusy` is called when a process begins to use much. */
  readonly table: (onBusy: (process: Process) => void) => ProcessTable;
  /** Ticks since boot of all cores together; undefined where they are not known. */
  readonly ticks: () => Ticks | undefined;
  readonly diskCounters: DiskCounters;
  /** What does not change while this process of the table runs. */
  readonly factsOf: (process: Process) => Facts;
  /** Facts that were read while the process ran; undefined where they were not. */
  readonly knownFacts: (process: Process) => Facts | undefined;
  /** Whether the table has all processes, and not only those of the agent's user. */
  readonly seesAll: (table: ProcessTable) => boolean;
  readonly pageBytes: number;
  /** From when the ticks are counted in which processes began, epoch milliseconds. */
  readonly bootedAt: () => number;
}
