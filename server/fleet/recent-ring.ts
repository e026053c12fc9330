import { FLEET_FIELDS, perFleetField, type Recent } from '#protocol/live.ts';
import { fieldValue, type Sample } from '#protocol/sample.ts';

/** A ring holds 60 points of 5 seconds each: five minutes. */
export const RING_POINTS = 60;
const POINT_MS = 5000;

const FIELDS = FLEET_FIELDS.length;

/** Two decimals below 1000, none above: a sparkline is only some pixels high. NaN becomes null. */
function rounded(value: number): number | null {
  if (Number.isNaN(value)) return null;
  return Math.abs(value) < 1000 ? Math.round(value * 100) / 100 : Math.round(value);
}

export function emptyRecent(): Recent {
  return { t: [], ...perFleetField((): (number | null)[] => []) };
}

/**
 * The last five minutes of one device for its sparklines: one point for each five seconds of sample time that
 * had samples, with the mean of their values and the time of the last one. Each device has a ring, so a ring
 * is one buffer of 1.7 KB.
 */
export class RecentRing {
  readonly #t: Float64Array;
  /** Point by point, one value for each fleet field; NaN where no sample of the point had the field. */
  readonly #values: Float32Array;
  /** For each fleet field, how many samples are in the newest point's mean so far. */
  readonly #counts = new Uint16Array(FIELDS);
  #next = 0;
  #size = 0;

  constructor() {
    const buffer = new ArrayBuffer(RING_POINTS * (8 + 4 * FIELDS));
    this.#t = new Float64Array(buffer, 0, RING_POINTS);
    this.#values = new Float32Array(buffer, RING_POINTS * 8, RING_POINTS * FIELDS);
  }

  /**
   * Adds a sample to the newest point or to a new one. Points of later times are forgotten: they came before the
   * device's or the server's clock was set back [F3].
   */
  add(sample: Sample): void {
    const { t } = sample;
    const isSetBack = this.#newestTime() > t;
    while (this.#newestTime() > t) this.#dropNewest();
    const newest = this.#newest();
    const newestT = this.#newestTime();
    const isSamePoint =
      !isSetBack && newest !== undefined && Math.floor(t / POINT_MS) === Math.floor(newestT / POINT_MS);
    const point = isSamePoint ? newest : this.#beginPoint();
    this.#t[point] = t;
    for (let field = 0; field < FIELDS; field++)
      this.#addToMean(point, field, fieldValue(sample, FLEET_FIELDS[field] ?? ''));
  }

  /**
   * The points within five minutes before the newest one, oldest first. Where the ring holds more than
   * `maxPoints`, only every second, third … point is read.
   */
  read(maxPoints: number = RING_POINTS): Recent {
    const recent = emptyRecent();
    const newest = this.#newest();
    if (newest === undefined) return recent;
    const since = (this.#t[newest] ?? 0) - RING_POINTS * POINT_MS;
    const stride = Math.max(1, Math.ceil(this.#size / Math.max(1, maxPoints)));
    for (let back = this.#size - 1; back >= 0; back--) {
      if (back % stride !== 0) continue;
      const point = (newest - back + RING_POINTS) % RING_POINTS;
      const t = this.#t[point] ?? 0;
      if (t <= since) continue;
      recent.t.push(t);
      for (const [field, name] of FLEET_FIELDS.entries()) recent[name].push(this.#valueAt(point, field));
    }
    return recent;
  }

  #newest(): number | undefined {
    return this.#size === 0 ? undefined : (this.#next - 1 + RING_POINTS) % RING_POINTS;
  }

  /** The time of the newest point; -Infinity when there is none. */
  #newestTime(): number {
    const newest = this.#newest();
    return newest === undefined ? Number.NEGATIVE_INFINITY : (this.#t[newest] ?? 0);
  }

  #dropNewest(): void {
    this.#next = (this.#next - 1 + RING_POINTS) % RING_POINTS;
    this.#size -= 1;
  }

  #beginPoint(): number {
    const point = this.#next;
    this.#next = (point + 1) % RING_POINTS;
    this.#size = Math.min(RING_POINTS, this.#size + 1);
    this.#counts.fill(0);
    this.#values.fill(Number.NaN, point * FIELDS, (point + 1) * FIELDS);
    return point;
  }

  #addToMean(point: number, field: number, value: number | undefined): void {
    if (value === undefined) return;
    const count = (this.#counts[field] ?? 0) + 1;
    this.#counts[field] = count;
    const index = point * FIELDS + field;
    const mean = count === 1 ? 0 : (this.#values[index] ?? 0);
    this.#values[index] = mean + (value - mean) / count;
  }

  #valueAt(point: number, field: number): number | null {
    return rounded(this.#values[point * FIELDS + field] ?? Number.NaN);
  }
}
