/** The last values of one field, thinned out: by how much it changed within a time. */

/** So many values are kept of a window, whatever its length: 1 KB each for a device and field. */
const KEPT = 64;
/** A window is divided into so many parts, of which one value each is kept. */
const PARTS = 60;

export class ValueWindow {
  readonly #spanMs: number;
  readonly #everyMs: number;
  readonly #t = new Float64Array(KEPT);
  readonly #value = new Float64Array(KEPT);
  /** The place of the oldest kept value, and how many there are. */
  #first = 0;
  #count = 0;
  /** The newest sample's time, and what it gave: another rule may ask for the same sample. */
  #asked = Number.NEGATIVE_INFINITY;
  #change = NaN;
  #elapsedMs = NaN;

  constructor(spanMs: number) {
    this.#spanMs = spanMs;
    this.#everyMs = spanMs / PARTS;
  }

  /**
   * Takes the value of a sample at `t`, epoch milliseconds.
   * @returns by how much it rose within the window, each second where `perSecond`; NaN while the window is not full
   */
  take(t: number, value: number, perSecond: boolean): number {
    if (t !== this.#asked) this.#measure(t, value);
    return perSecond ? (this.#change / this.#elapsedMs) * 1000 : this.#change;
  }

  #measure(t: number, value: number): void {
    // The clock was set back.
    if (t < this.#asked) this.#count = 0;
    this.#asked = t;
    this.#dropOlder(t);
    const oldest = this.#t[this.#first] ?? NaN;
    const isFull = this.#count > 0 && t - oldest >= this.#spanMs;
    this.#change = isFull ? value - (this.#value[this.#first] ?? NaN) : NaN;
    this.#elapsedMs = t - oldest;
    const newest = this.#t[(this.#first + this.#count - 1) % KEPT] ?? NaN;
    if (this.#count === 0 || t - newest >= this.#everyMs) this.#keep(t, value);
  }

  /**
   * Leaves the newest of the values that are as old as the window. One that is much older is dropped: samples were
   * missing, and the change since then is not one within the window.
   */
  #dropOlder(t: number): void {
    const second = () => this.#t[(this.#first + 1) % KEPT] ?? NaN;
    while (this.#count > 1 && t - second() >= this.#spanMs) this.#dropFirst();
    const slackMs = Math.max(2 * this.#everyMs, this.#spanMs / 10, 5000);
    while (this.#count > 0 && t - (this.#t[this.#first] ?? NaN) > this.#spanMs + slackMs) this.#dropFirst();
  }

  #dropFirst(): void {
    this.#first = (this.#first + 1) % KEPT;
    this.#count--;
  }

  #keep(t: number, value: number): void {
    if (this.#count === KEPT) this.#dropFirst();
    const place = (this.#first + this.#count) % KEPT;
    this.#t[place] = t;
    this.#value[place] = value;
    this.#count++;
  }
}
