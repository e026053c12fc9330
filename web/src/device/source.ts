import type { Trace } from '../charts/trace.ts';

/** What the charts of a page draw: one time axis for all of them, and a line for any field. */
export interface Source {
  readonly from: number;
  readonly to: number;
  readonly live: boolean;
  /** How far a value may be from the crosshair and still be its. */
  readonly reach: number;
  readonly trace: (field: string) => Trace;
}
