/** Pieces of Flux. Every name goes through the client's quoting. */
import { flux, fluxDateTime, fluxDuration, fluxExpression } from '@influxdata/influxdb-client';
import { influxName } from './names.ts';

/** Per-second samples: one point each, its device a tag. */
export const MEASUREMENT = 'samples';

/** What a rolled-up bucket holds; each is a measurement in the tiers' InfluxDB buckets. */
export const STATS = ['min', 'max', 'sum', 'count'] as const;
export type Stat = (typeof STATS)[number];

export const ALL_TIME = { from: 0, to: Date.UTC(2200, 0, 1) };

export const at = (time: number) => fluxDateTime(new Date(time).toISOString());
export const span = (ms: number) => fluxDuration(`${ms}ms`);

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
  /** All of them where undefined. */
  readonly devices?: readonly string[] | undefined;
  readonly fields?: readonly string[] | undefined;
  readonly from: number;
  readonly to: number;
}

/**
 * `from(...) |> range(...) |> filter(...)`. Each use MUST be written out anew: InfluxDB hands an aggregation
 * down to its storage only where nothing else reads the same source, and is twenty times slower where it does not.
 */
export function source({ bucket, measurement, devices, fields, from, to }: Source) {
  const chosen = [
    flux`r._measurement == ${measurement}`.toString(),
    ...(devices === undefined ? [] : [`(${anyOf('device', devices).toString()})`]),
    ...(fields === undefined ? [] : [`(${anyOf('_field', fields).toString()})`]),
  ].join(' and ');
  return fluxExpression(
    flux`from(bucket: ${bucket}) |> range(start: ${at(from)}, stop: ${at(to)}) |> filter(fn: (r) => ${fluxExpression(chosen)})`.toString(),
  );
}

/** The windows of `width` that hold data, each at its start. */
export function windows(width: number, by: Stat | 'mean') {
  return fluxExpression(
    flux`aggregateWindow(every: ${span(width)}, fn: ${fluxExpression(by)}, createEmpty: false, timeSrc: "_start")`.toString(),
  );
}
