/**
 * What the server itself knows of a device as numbers, such as how much of a traffic quota is used. It goes into the
 * device's samples before they are stored, so that history, pages, alerts and exports have it as any other field, after
 * a restart too.
 */
import { FIELDS_PER_SAMPLE } from '#protocol/fields.ts';
import { emptyValues } from '#protocol/metrics.ts';
import { rowSample, type Layout, type Sample, type Values } from '#protocol/sample.ts';

export interface OwnFields {
  readonly values: Values;
  /** Older samples, as from an agent's spool, do not get them: they were not so then. Epoch milliseconds. */
  readonly since: number;
}

/** The layout with the own fields after those that were sent. Fields of the same name keep their place. */
function extended(layout: Layout, names: readonly string[]): Layout {
  const added = names.filter((name) => !layout.columns.has(name));
  const all = [...layout.names, ...added];
  return {
    names: all,
    columns: new Map(all.map((name, column) => [name, column])),
    allowed: [...layout.allowed, ...added.map(() => 'from-zero' as const)],
    sent: all,
    places: undefined,
    leftOut: [],
  };
}

export interface OwnFieldsWriter {
  /** The samples with the own fields in them, or the same list where none is new enough. */
  write(samples: readonly Sample[], own: OwnFields): readonly Sample[];
}

export function createOwnFields(): OwnFieldsWriter {
  /** By the layout that was sent: what it was last extended to, as most of its devices have the same own fields. */
  const layouts = new WeakMap<Layout, { readonly key: string; readonly layout: Layout }>();

  function layoutFor(sent: Layout, names: readonly string[]): Layout {
    const key = names.join('\n');
    const known = layouts.get(sent);
    if (known?.key === key) return known.layout;
    const layout = extended(sent, names);
    layouts.set(sent, { key, layout });
    return layout;
  }

  function writeValues(sample: Sample, own: OwnFields): Sample {
    if (sample.t < own.since) return sample;
    const values = Object.assign(emptyValues(), sample.values, own.values);
    // [I1] The journal reads no sample with more.
    return Object.keys(values).length > FIELDS_PER_SAMPLE ? sample : { t: sample.t, values };
  }

  function writeRow(sample: Sample, layout: Layout, own: OwnFields): Sample {
    const numbers = new Float64Array(layout.names.length).fill(NaN);
    const { row } = sample;
    if (row !== undefined)
      numbers.set(row.numbers.subarray(row.offset, row.offset + row.layout.names.length));
    if (sample.t >= own.since)
      for (const [name, value] of Object.entries(own.values)) numbers[layout.columns.get(name) ?? 0] = value;
    return rowSample(sample.t, { layout, numbers, offset: 0 });
  }

  return {
    write(samples, own) {
      const names = Object.keys(own.values);
      const newest = samples.at(-1);
      if (names.length === 0 || newest === undefined || newest.t < own.since) return samples;
      const sent = newest.row?.layout;
      if (sent === undefined) return samples.map((sample) => writeValues(sample, own));
      if (sent.names.length + names.length > FIELDS_PER_SAMPLE) return samples;
      const layout = layoutFor(sent, names);
      return samples.map((sample) => writeRow(sample, layout, own));
    },
  };
}
