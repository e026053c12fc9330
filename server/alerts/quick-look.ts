/**
 * The rules that compare a field's own value, laid out for one list of fields: a sample of a device with nothing wrong
 * then costs one comparison for each of them, and allocates nothing.
 */
import type { Layout, Row } from '#protocol/sample.ts';
import type { Watch } from './watch.ts';

/** A rule about one field of the list. */
export interface Looked {
  readonly watch: Watch;
  readonly metric: string;
}

export class QuickLook {
  readonly #looked: readonly Looked[];
  readonly #columns: Int32Array;
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  readonly #inside: readonly boolean[];

  /** @param watches rules that read the field's value and nothing else */
  constructor(watches: readonly Watch[], { names, columns }: Layout) {
    const looked = watches.flatMap((watch): Looked[] => {
      const metrics = watch.namesIn === undefined ? [watch.metric] : watch.namesIn(names);
      return metrics.filter((metric) => columns.has(metric)).map((metric) => ({ watch, metric }));
    });
    const zones = looked.map(({ watch }) => watch.tiers[0].limit.fires);
    this.#looked = looked;
    this.#columns = Int32Array.from(looked, ({ metric }) => columns.get(metric) ?? 0);
    this.#low = Float64Array.from(zones, ({ low }) => low);
    this.#high = Float64Array.from(zones, ({ high }) => high);
    this.#inside = zones.map(({ inside }) => inside);
  }

  /** Calls `onFired` with each rule and field whose value passes the rule's first threshold. */
  look({ numbers, offset }: Row, onFired: (looked: Looked) => void): void {
    const [columns, low, high, inside] = [this.#columns, this.#low, this.#high, this.#inside];
    for (let i = 0; i < columns.length; i++) {
      const value = numbers[offset + (columns[i] ?? 0)] ?? NaN;
      const isWithin = value >= (low[i] ?? NaN) && value <= (high[i] ?? NaN);
      // Nearly always the end: most devices have nothing wrong. NaN is not known this time.
      if (isWithin !== inside[i] || Number.isNaN(value)) continue;
      const looked = this.#looked[i];
      if (looked !== undefined) onFired(looked);
    }
  }
}

/** Makes a function that lays the rules out once for each list of fields: a fleet's pushes share few lists. */
export function createQuickLooks(watches: readonly Watch[]): (layout: Layout) => QuickLook {
  const known = new WeakMap<Layout, QuickLook>();
  let [newestLayout, newest]: [Layout | undefined, QuickLook | undefined] = [undefined, undefined];
  return (layout) => {
    if (layout === newestLayout && newest !== undefined) return newest;
    const found = known.get(layout) ?? new QuickLook(watches, layout);
    known.set(layout, found);
    [newestLayout, newest] = [layout, found];
    return found;
  };
}
