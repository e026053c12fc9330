/** [L6] The asked fields of samples, in columns: found once for all samples of a layout. */
import type { SampleColumns } from '#protocol/sample-columns.ts';
import { parseInstanceField } from '#protocol/fields.ts';
import type { Layout, Sample } from '#protocol/sample.ts';

/**
 * A value rounded for live messages: four decimals below 10, two below 1000, none above. More digits would be
 * noise on a screen and half of a message's bytes. The history keeps the exact value.
 */
export function roundForLive(value: number): number {
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value);
  return size >= 10 ? Math.round(value * 100) / 100 : Math.round(value * 10_000) / 10_000;
}

/** The asked fields that a layout has, each with its place in a row. */
type Picked = readonly (readonly [name: string, place: number])[];

type Take = (name: string, value: number) => void;

export class FieldPicker {
  readonly #names: readonly string[];
  readonly #asked: ReadonlySet<string>;
  /** The patterns `kind:*:field`. */
  readonly #patterns: ReadonlySet<string>;
  readonly #picked = new WeakMap<Layout, Picked>();

  /** `fields`: names, and patterns with `*` for the instance. */
  constructor(fields: readonly string[]) {
    this.#names = fields;
    this.#asked = new Set(fields);
    this.#patterns = new Set(fields.filter((field) => parseInstanceField(field)?.instance === '*'));
  }

  /** The samples with those of the asked fields that any of them has. */
  columns(samples: readonly Sample[]): SampleColumns {
    const columns = new Map<string, (number | null)[]>();
    for (const [i, sample] of samples.entries())
      this.#each(sample, (name, value) => {
        let column = columns.get(name);
        if (column === undefined) columns.set(name, (column = new Array(samples.length).fill(null)));
        column[i] = roundForLive(value);
      });
    return { t: samples.map(({ t }) => t), fields: Object.fromEntries(columns) };
  }

  #each(sample: Sample, take: Take): void {
    const { row } = sample;
    if (row === undefined) return this.#eachNamed(sample.values, take);
    for (const [name, place] of this.#of(row.layout)) {
      const value = row.numbers[row.offset + place] ?? NaN;
      if (!Number.isNaN(value)) take(name, value);
    }
  }

  #eachNamed(values: Readonly<Record<string, number | undefined>>, take: Take): void {
    const names = this.#patterns.size > 0 ? Object.keys(values).filter(this.#isAsked) : this.#names;
    for (const name of names) {
      // A field may be called `constructor`, which every object has already.
      const value = Object.hasOwn(values, name) ? values[name] : undefined;
      if (value !== undefined) take(name, value);
    }
  }

  #of(layout: Layout): Picked {
    let picked = this.#picked.get(layout);
    if (picked === undefined) this.#picked.set(layout, (picked = this.#pick(layout)));
    return picked;
  }

  #pick({ names, columns }: Layout): Picked {
    const asked = this.#patterns.size > 0 ? names.filter(this.#isAsked) : this.#names;
    return asked.flatMap((name) => {
      const place = columns.get(name);
      return place === undefined ? [] : [[name, place] as const];
    });
  }

  readonly #isAsked = (name: string): boolean => {
    if (this.#asked.has(name)) return true;
    const [first, last] = [name.indexOf(':'), name.lastIndexOf(':')];
    return last > first && this.#patterns.has(`${name.slice(0, first)}:*:${name.slice(last + 1)}`);
  };
}
