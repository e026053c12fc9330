/** Lines of line protocol, in which InfluxDB takes what is written. */
import { escape } from '@influxdata/influxdb-client';
import type { SampleBatch } from '../server/history/history.ts';
import { MEASUREMENT } from './flux.ts';
import { influxName } from './names.ts';

/** The numbers of one series at one time. */
export interface Line {
  /** The measurement and the device, escaped. */
  readonly series: string;
  /** Names and values, escaped; at least one. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Epoch milliseconds. */
  readonly t: number;
}

export const lineText = ({ series, fields, t }: Line): string =>
  `${series} ${fields.map(([name, value]) => `${name}=${value}`).join(',')} ${t}`;

/** The series of a device in a measurement. */
export const seriesOf = (measurement: string, deviceId: string): string =>
  `${measurement},device=${escape.tag(influxName(deviceId))}`;

/** A field name as a line has it. */
export const fieldName = (field: string): string => escape.tag(influxName(field));

/**
 * One line per sample: its device is a tag, its fields are all floats, so that a field never changes its type.
 * A sample without values has no line.
 * @param names a cache of field names as lines have them, which this function fills
 */
export function linesOf(batches: readonly SampleBatch[], names: Map<string, string>): Line[] {
  const lines: Line[] = [];
  for (const { deviceId, samples } of batches) {
    const series = seriesOf(MEASUREMENT, deviceId);
    for (const { t, values } of samples) {
      const fields = Object.entries(values).map(
        ([field, value]) => [cachedName(field, names), String(value)] as const,
      );
      if (fields.length > 0) lines.push({ series, fields, t });
    }
  }
  return lines;
}

function cachedName(field: string, names: Map<string, string>): string {
  let name = names.get(field);
  if (name === undefined) {
    if (names.size > 50_000) names.clear();
    names.set(field, (name = fieldName(field)));
  }
  return name;
}
