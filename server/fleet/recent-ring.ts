import { FLEET_FIELDS, perFleetField, type Recent } from '#protocol/live.ts';
import { fieldValue, type Sample } from '#protocol/sample.ts';

/** Points a ring holds, and the time each stands for: five minutes together. */
const RING_POINTS = 60;
const RING_BUCKET_MS = 5000;

const FIELDS = FLEET_FIELDS.length;

/** Sparklines are pixels high: two decimals for small numbers, none for large ones. */
function rounded(value: number): number | null {
  if (Number.isNaN(value)) return null;
  return Math.abs(value) < 1000 ? Math.round(value * 100) / 100 : Math.round(value);
}

export function emptyRecent(): Recent {
  return { t: [], ...perFleetField((): (number | null)[] => []) };
}

/**
 * The last minutes of one device, one point for each five seconds of sample time: the mean of the samples in it,
 * at the time of the last. One buffer of 1.7 KB, since there are as many rings as devices.
 */
export class RecentRing {
  readonly #t: Float64Array;
  /** Field by field within a point; NaN where no sample had the field. */
  readonly #values: Float32Array;
  /** Samples in the newest point, field by field: what a running mean needs. */
  readonly #counts = new Uint16Array(FIELDS);
  #next = 0;
  #size = 0;

  constructor() {
    const buffer = new ArrayBuffer(RING_POINTS * (8 + 4 * FIELDS));
    this.#t = new Float64Array(buffer, 0, RING_POINTS);
    this.#values = new Float32Array(buffer, RING_POINTS * 8, RING_POINTS * FIELDS);
  }

  /** Takes one sample. One that is older than the newest point changes nothing: the line never turns back. */
  add(sample: Sample): void {
    const { t } = sample;
    const newest = this.#newest();
    const newestT = newest === undefined ? Number.NEGATIVE_INFINITY : (this.#t[newest] ?? 0);
    if (t < newestT) return;
    const same =
      newest !== undefined && Math.floor(t / RING_BUCKET_MS) === Math.floor(newestT / RING_BUCKET_MS);
    const point = same ? newest : this.#begin();
    this.#t[point] = t;
    for (let field = 0; field < FIELDS; field++)
      this.#mix(point, field, fieldValue(sample, FLEET_FIELDS[field] ?? ''));
  }

  /** Oldest first; of the points within five minutes before the newest, at most `most`, evenly thinned. */
  read(most: number = RING_POINTS): Recent {
    const recent = emptyRecent();
    const newest = this.#newest();
    if (newest === undefined) return recent;
    const since = (this.#t[newest] ?? 0) - RING_POINTS * RING_BUCKET_MS;
    const stride = Math.max(1, Math.ceil(this.#size / Math.max(1, most)));
    for (let back = this.#size - 1; back >= 0; back--) {
      if (back % stride !== 0) continue;
      const point = (newest - back + RING_POINTS) % RING_POINTS;
      const t = this.#t[point] ?? 0;
      if (t <= since) continue;
      recent.t.push(t);
      for (const [field, name] of FLEET_FIELDS.entries()) recent[name].push(this.#read(point, field));
    }
    return recent;
  }

  #newest(): number | undefined {
    return this.#size === 0 ? undefined : (this.#next - 1 + RING_POINTS) % RING_POINTS;
  }

  #begin(): number {
    const point = this.#next;
    this.#next = (point + 1) % RING_POINTS;
    this.#size = Math.min(RING_POINTS, this.#size + 1);
    this.#counts.fill(0);
    this.#values.fill(Number.NaN, point * FIELDS, (point + 1) * FIELDS);
    return point;
  }

  #mix(point: number, field: number, value: number | undefined): void {
    if (value === undefined) return;
    const count = (this.#counts[field] ?? 0) + 1;
    this.#counts[field] = count;
    const at = point * FIELDS + field;
    const mean = count === 1 ? 0 : (this.#values[at] ?? 0);
    this.#values[at] = mean + (value - mean) / count;
  }

  #read(point: number, field: number): number | null {
    return rounded(this.#values[point * FIELDS + field] ?? Number.NaN);
  }
}
