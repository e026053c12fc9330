/**
 * What the readings of one device need besides its sample: earlier values, its last uptime, how wrong its clock is, and
 * what was worked out from its history. It belongs to no rule: rules that need the same share it.
 */
import type { Trend } from './trend.ts';
import { ValueWindow } from './value-window.ts';

export class DeviceMemory {
  /** How far the device's clock is from the server's, seconds, ahead or behind; NaN while that is not known. */
  clockOffS = NaN;
  /** By the window's length in seconds, then by field. */
  readonly #windows = new Map<number, Map<string, ValueWindow>>();
  /** The fields about which a rule asks whether they stopped, as far as they were there. */
  readonly #seen = new Set<string>();
  /** By what was worked out (`forecast 100 24`), then by field. */
  readonly #trends = new Map<string, Map<string, Trend>>();
  /** The newest uptime, seconds, and the time of its sample. */
  #uptimeS: number;
  #uptimeT = Number.NEGATIVE_INFINITY;
  /** The uptime before a restart that the newest sample showed; -1 where it showed none. */
  #fellFrom = -1;

  /** @param uptimeS the newest uptime that is known of the device, seconds */
  constructor(uptimeS = NaN) {
    this.#uptimeS = uptimeS;
  }

  windowOf(overS: number, metric: string): ValueWindow {
    let windows = this.#windows.get(overS);
    if (windows === undefined) this.#windows.set(overS, (windows = new Map()));
    let window = windows.get(metric);
    if (window === undefined) windows.set(metric, (window = new ValueWindow(overS * 1000)));
    return window;
  }

  /**
   * Takes the uptime of a sample at `t`, epoch milliseconds. Returns the uptime that the machine had reached, in
   * seconds, where it started again since the last sample; -1 otherwise.
   */
  takeUptime(t: number, uptimeS: number): number {
    if (t === this.#uptimeT) return this.#fellFrom;
    this.#fellFrom = uptimeS < this.#uptimeS ? this.#uptimeS : -1;
    this.#uptimeS = uptimeS;
    this.#uptimeT = t;
    return this.#fellFrom;
  }

  noteSeen(metric: string): void {
    this.#seen.add(metric);
  }
  wasSeen(metric: string): boolean {
    return this.#seen.has(metric);
  }
  seen(): ReadonlySet<string> {
    return this.#seen;
  }

  trend(what: string, metric: string): Trend | undefined {
    return this.#trends.get(what)?.get(metric);
  }
  /** Notes what was worked out of these fields; undefined: nothing can be said of them. */
  setTrends(what: string, found: ReadonlyMap<string, Trend | undefined>): void {
    const trends = this.#trends.get(what) ?? new Map<string, Trend>();
    this.#trends.set(what, trends);
    for (const [metric, trend] of found)
      if (trend === undefined) trends.delete(metric);
      else trends.set(metric, trend);
  }
}
