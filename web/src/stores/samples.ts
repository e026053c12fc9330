/** The last minutes of one device as columns, in which history and live samples are merged by time. */
import type { SeriesReply } from '#protocol/api.ts';
import type { SampleColumns } from '#protocol/sample-columns.ts';

export type Column = (number | null)[];

/** Columns grow to this many windows before their old end is cut off, so that cutting is rare. */
const SLACK = 1.2;

export class SampleWindow {
  /** Times, epoch milliseconds, ascending. */
  t: number[] = [];
  /** Field → its values, in the order of `t`; null where a sample has none. */
  readonly fields = new Map<string, Column>();
  /** How far back from the newest sample the window reaches, milliseconds. */
  windowMs: number;

  constructor(windowMs: number) {
    this.windowMs = windowMs;
  }

  get lastTime(): number {
    return this.t.at(-1) ?? -Infinity;
  }

  clear(): void {
    this.t = [];
    this.fields.clear();
  }

  /**
   * Adds live samples, in order of time. A sample of a time that is there already replaces it; samples of later times
   * are forgotten, because they came before a clock was set back [F3].
   */
  add({ t, fields }: SampleColumns): void {
    const [first, last] = [t[0], t.at(-1)];
    if (first === undefined || last === undefined) return;
    this.#cutAfter(last);
    if (first > this.lastTime && ascends(t)) this.#append(t, fields);
    else this.#merge(t, new Map(Object.entries(fields)), 'added');
    this.#trim();
  }

  /**
   * Adds the mean of each bucket of the history. Where a sample lies in the bucket already, it takes the values that it
   * lacks: a field that is loaded later than others.
   */
  addHistory({ series, step_ms }: SeriesReply): void {
    const bucket = (t: number) => Math.floor(t / step_ms);
    const known = new Map(this.t.map((t) => [bucket(t), t]));
    const timeOf = (t: number) => known.get(bucket(t)) ?? t;
    const t = ascending(Object.values(series).flatMap((points) => points.map(([time]) => timeOf(time))));
    const row = new Map(t.map((time, i) => [time, i]));
    const fields = new Map<string, Column>();
    for (const [name, points] of Object.entries(series)) {
      const column: Column = new Array<number | null>(t.length).fill(null);
      for (const [time, , mean] of points) {
        const i = row.get(timeOf(time));
        if (i !== undefined) column[i] = mean;
      }
      fields.set(name, column);
    }
    this.#merge(t, fields, 'known');
    this.#trim();
  }

  #append(t: readonly number[], fields: Readonly<Record<string, Column>>): void {
    const before = this.t.length;
    for (const time of t) this.t.push(time);
    for (const name in fields) {
      const values = fields[name] ?? [];
      const column = this.#column(name, before);
      for (let i = 0; i < t.length; i++) column.push(values[i] ?? null);
    }
    for (const column of this.fields.values()) while (column.length < this.t.length) column.push(null);
  }

  #column(name: string, length: number): Column {
    const existing = this.fields.get(name);
    if (existing) return existing;
    const column: Column = new Array<number | null>(length).fill(null);
    this.fields.set(name, column);
    return column;
  }

  /** Merges samples in by time. `wins`: which value stays where there are two of one field and time. */
  #merge(t: readonly number[], fields: ReadonlyMap<string, Column>, wins: 'added' | 'known'): void {
    const added = new Map(t.map((time, i) => [time, i]));
    const known = new Map(this.t.map((time, i) => [time, i]));
    const times = ascending([...this.t, ...t]);
    for (const name of new Set([...this.fields.keys(), ...fields.keys()])) {
      const [old, fresh] = [this.fields.get(name), fields.get(name)];
      this.fields.set(
        name,
        times.map((time) => {
          const [value, before] = [fresh?.[added.get(time) ?? -1], old?.[known.get(time) ?? -1]];
          return (wins === 'added' ? (value ?? before) : (before ?? value)) ?? null;
        }),
      );
    }
    this.t = times;
  }

  #cutAfter(last: number): void {
    while (this.lastTime > last) {
      this.t.pop();
      for (const column of this.fields.values()) column.pop();
    }
  }

  #trim(): void {
    const oldest = this.t[0];
    if (oldest === undefined || this.lastTime - oldest <= this.windowMs * SLACK) return;
    const from = this.lastTime - this.windowMs;
    const cut = this.t.findIndex((t) => t >= from);
    this.t.splice(0, cut);
    for (const [name, column] of this.fields) {
      column.splice(0, cut);
      if (column.every((value) => value === null)) this.fields.delete(name);
    }
  }
}

/** Each time once, in order. */
function ascending(t: readonly number[]): number[] {
  return [...new Set(t)].sort((a, b) => a - b);
}

function ascends(t: readonly number[]): boolean {
  for (let i = 1; i < t.length; i++) if (!((t[i] ?? NaN) > (t[i - 1] ?? NaN))) return false;
  return true;
}

/** The values of the last sample: what is current, also when a clock was set back [F3]. */
export function lastRow(fields: SampleColumns['fields']): Record<string, number> {
  const row: Record<string, number> = {};
  for (const name in fields) {
    const value = fields[name]?.at(-1);
    if (value !== null && value !== undefined) row[name] = value;
  }
  return row;
}
