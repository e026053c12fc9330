/** The last points of one device's main fields, for its sparklines: plain typed columns, no allocation per point. */
import { FLEET_FIELDS, type Recent } from '#protocol/live.ts';

export type FleetField = (typeof FLEET_FIELDS)[number];

/** Points kept. */
export const RECENT_POINTS = 60;

/** One point; null where the sample has no such field. */
export type RecentPoint = { readonly t: number } & { readonly [Field in FleetField]: number | null };

/**
 * Columns that slide over a buffer of twice their length, so that a view of them is always one piece. NaN stands
 * for null. Times ascend; a point that is not newer than the last is dropped.
 */
export class RecentColumns {
  readonly #t = new Float64Array(2 * RECENT_POINTS);
  readonly #values: Readonly<Record<FleetField, Float64Array>> = {
    cpu: new Float64Array(2 * RECENT_POINTS),
    ram: new Float64Array(2 * RECENT_POINTS),
    disk: new Float64Array(2 * RECENT_POINTS),
    net_tx: new Float64Array(2 * RECENT_POINTS),
    net_rx: new Float64Array(2 * RECENT_POINTS),
  };
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** Times, epoch milliseconds, oldest first. A view: valid until the next push. */
  get t(): Float64Array {
    return this.#t.subarray(this.#start, this.#end);
  }

  /** Values of one field beside `t`; NaN where there is none. A view: valid until the next push. */
  values(field: FleetField): Float64Array {
    return this.#values[field].subarray(this.#start, this.#end);
  }

  get lastTime(): number {
    return this.length === 0 ? -Infinity : (this.#t[this.#end - 1] ?? -Infinity);
  }

  /** Whether it was newer than what is there, and kept. */
  push(point: RecentPoint): boolean {
    if (!(point.t > this.lastTime)) return false;
    if (this.#end === this.#t.length) this.#slide();
    this.#t[this.#end] = point.t;
    for (const field of FLEET_FIELDS) this.#values[field][this.#end] = point[field] ?? NaN;
    this.#end++;
    if (this.length > RECENT_POINTS) this.#start++;
    return true;
  }

  /** Replaces everything. */
  load(recent: Recent): void {
    this.#start = this.#end = 0;
    for (let i = Math.max(0, recent.t.length - RECENT_POINTS); i < recent.t.length; i++)
      this.push(pointOf(recent, i));
  }

  #slide(): void {
    for (const column of [this.#t, ...Object.values(this.#values)])
      column.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }
}

/** Row `i` of columns that came over the wire. */
export function pointOf(columns: Recent, i: number): RecentPoint {
  return {
    t: columns.t[i] ?? NaN,
    cpu: columns.cpu[i] ?? null,
    ram: columns.ram[i] ?? null,
    disk: columns.disk[i] ?? null,
    net_tx: columns.net_tx[i] ?? null,
    net_rx: columns.net_rx[i] ?? null,
  };
}
