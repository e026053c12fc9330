/** The last points of one device's fleet fields, for its sparklines: typed columns that allocate nothing per point. */
import type { Device } from '#protocol/api.ts';
import { FLEET_FIELDS, type FleetField, type Recent } from '#protocol/live.ts';

/** How many points are kept. */
export const RECENT_POINTS = 60;

type Point = { t: number } & { [Field in FleetField]?: number | null };
/** One point: its time, epoch milliseconds, and a value for each field; null or absent where the sample has none. */
export type RecentPoint = Readonly<Point>;

/** Columns slide over a buffer of twice their length, so that a view of one is always in one piece. */
const CAPACITY = 2 * RECENT_POINTS;

/** One column for the times and one for each field. NaN stands for null. Times ascend. */
export class RecentColumns {
  readonly #t = new Float64Array(CAPACITY);
  /** The fields' columns, one after the other, in the order of FLEET_FIELDS. */
  readonly #values = new Float64Array(CAPACITY * FLEET_FIELDS.length);
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** Times, epoch milliseconds, oldest first. A view: valid until the next push. */
  get t(): Float64Array {
    return this.#t.subarray(this.#start, this.#end);
  }

  /** Values of one field, in the order of `t`; NaN where there is none. A view: valid until the next push. */
  values(field: FleetField): Float64Array {
    const offset = FLEET_FIELDS.indexOf(field) * CAPACITY;
    return this.#values.subarray(offset + this.#start, offset + this.#end);
  }

  get lastTime(): number {
    return this.length === 0 ? -Infinity : (this.#t[this.#end - 1] ?? -Infinity);
  }

  /** Adds a point at the end. Points of its time or later are forgotten: they came before a clock was set back [F3]. */
  push(point: RecentPoint): void {
    while (this.length > 0 && !(point.t > this.lastTime)) this.#end--;
    if (this.#end === CAPACITY) this.#slide();
    this.#t[this.#end] = point.t;
    for (let i = 0; i < FLEET_FIELDS.length; i++) {
      const field = FLEET_FIELDS[i];
      if (field) this.#values[i * CAPACITY + this.#end] = point[field] ?? NaN;
    }
    this.#end++;
    if (this.length > RECENT_POINTS) this.#start++;
  }

  /** Replaces everything by the newest points of `recent`. */
  load(recent: Recent): void {
    this.#start = this.#end = 0;
    for (let i = Math.max(0, recent.t.length - RECENT_POINTS); i < recent.t.length; i++)
      this.push(pointOf(recent, i));
  }

  /** Moves every column to the beginning of its part of the buffer. */
  #slide(): void {
    this.#t.copyWithin(0, this.#start, this.#end);
    for (let offset = 0; offset < this.#values.length; offset += CAPACITY)
      this.#values.copyWithin(offset, offset + this.#start, offset + this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }
}

/** Row `i` of columns that came over the wire. */
export function pointOf(columns: Recent, i: number): RecentPoint {
  const point: Point = { t: columns.t[i] ?? NaN };
  for (const field of FLEET_FIELDS) point[field] = columns[field][i] ?? null;
  return point;
}

/** A device's newest sample; undefined before its first. */
export function latestOf({ sampled_at, metrics }: Device): RecentPoint | undefined {
  if (sampled_at === null) return undefined;
  const point: Point = { t: sampled_at };
  for (const field of FLEET_FIELDS) point[field] = metrics[field] ?? null;
  return point;
}
