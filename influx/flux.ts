/**
 * Builds pieces of Flux, InfluxDB's query language, and reads the rows of its answers. Every name goes through
 * the client's quoting.
 */
import {
  flux,
  fluxDateTime,
  fluxDuration,
  fluxExpression,
  type ParameterizedQuery,
  type QueryApi,
  type Row,
} from '@influxdata/influxdb-client';
import { errorText } from '#protocol/errors.ts';
import { influxName } from './names.ts';

/** The measurement of the per-second samples: one point per sample, with the device as a tag. */
export const MEASUREMENT = 'samples';

/** The numbers of a rolled-up bucket. Each is a measurement of its own in the tiers' InfluxDB buckets. */
export const STATS = ['min', 'max', 'sum', 'count'] as const;
export type Stat = (typeof STATS)[number];

/** A range that holds every sample, epoch milliseconds. */
export const ALL_TIME = { from: 0, to: Date.UTC(2200, 0, 1) };

/** A time in Flux. `time`: epoch milliseconds. */
export const fluxTime = (time: number) => fluxDateTime(new Date(time).toISOString());
/** A duration in Flux. */
export const fluxMs = (ms: number) => fluxDuration(`${ms}ms`);

/** A condition that the column has one of these names. */
const anyOf = (column: 'device' | '_field', names: readonly string[]) =>
  fluxExpression(
    names
      .map((name) =>
        column === 'device'
          ? flux`r.device == ${influxName(name)}`.toString()
          : flux`r._field == ${influxName(name)}`.toString(),
      )
      .join(' or '),
  );

export interface Source {
  readonly bucket: string;
  readonly measurement: string;
  /** Device ids; all devices where undefined. */
  readonly devices?: readonly string[] | undefined;
  /** Field names; all fields where undefined. */
  readonly fields?: readonly string[] | undefined;
  /** The range [from, to), epoch milliseconds. */
  readonly from: number;
  readonly to: number;
  /** Leaves out values of other types, which only another program can have written. */
  readonly floatsOnly?: boolean | undefined;
}

/**
 * `from(...) |> range(...) |> filter(...)`. Each use MUST be written out again, not shared through a Flux
 * variable: InfluxDB leaves an aggregation to its storage only where nothing else reads the same source, and
 * is twenty times slower otherwise.
 */
export function source({ bucket, measurement, devices, fields, from, to, floatsOnly = false }: Source) {
  const conditions = [
    flux`r._measurement == ${measurement}`.toString(),
    ...(devices === undefined ? [] : [`(${anyOf('device', devices).toString()})`]),
    ...(fields === undefined ? [] : [`(${anyOf('_field', fields).toString()})`]),
  ].join(' and ');
  const floats = floatsOnly ? ' |> filter(fn: (r) => types.isType(v: r._value, type: "float"))' : '';
  return fluxExpression(
    flux`from(bucket: ${bucket}) |> range(start: ${fluxTime(from)}, stop: ${fluxTime(to)}) |> filter(fn: (r) => ${fluxExpression(conditions)})${fluxExpression(floats)}`.toString(),
  );
}

/**
 * Aggregates into windows of `width` milliseconds; windows without data are left out, the others have their
 * start as time.
 */
export function windows(width: number, by: Stat | 'mean') {
  return fluxExpression(
    flux`aggregateWindow(every: ${fluxMs(width)}, fn: ${fluxExpression(by)}, createEmpty: false, timeSrc: "_start")`.toString(),
  );
}

/**
 * Runs a query over samples. InfluxDB cannot aggregate where a field has had a text or the like, not even for
 * devices that have only numbers in it: the query is then run again with `floatsOnly`, which is slower.
 * @param query makes the query, whose sources take `floatsOnly`
 * @param start called before the first row, and again before the rows of the second run
 */
export async function eachRow(
  api: QueryApi,
  query: (floatsOnly: boolean) => string,
  start: () => (row: Row) => void,
): Promise<void> {
  const run = async (text: string) => {
    const use = start();
    for await (const row of rows(api, text)) use(row);
  };
  try {
    await run(query(false));
  } catch (error) {
    if (!errorText(error).includes('unsupported for aggregate')) throw error;
    await run(`import "types"\n${query(true)}`);
  }
}

/**
 * The rows of a query's answer.
 * @throws also where InfluxDB fails after it has begun to answer: it then ends the answer with a table of its own
 */
export async function* rows(api: QueryApi, query: string | ParameterizedQuery): AsyncGenerator<Row> {
  for await (const row of api.iterateRows(query)) {
    if (row.tableMeta.columns.some(({ label }) => label === 'error'))
      throw new Error(`the query failed: ${String(row.tableMeta.get(row.values, 'error'))}`);
    yield row;
  }
}
