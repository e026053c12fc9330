/**
 * Writes samples to InfluxDB as points. A point that InfluxDB rejects for good is left out and logged; any
 * other error rejects the write.
 */
import { Point, type InfluxDB } from '@influxdata/influxdb-client';
import type { SampleBatch, HistoryOptions } from '../server/history/history.ts';
import { errorText } from '#protocol/errors.ts';
import { rejectionOf } from './errors.ts';
import { MEASUREMENT } from './flux.ts';
import { influxName } from './names.ts';

/**
 * One point per sample: its device is a tag, its fields are all floats, so that a field never changes its
 * type.
 * @param names a cache of field names as InfluxDB takes them, which this function fills
 */
export function pointsOf(batches: readonly SampleBatch[], names: Map<string, string>): Point[] {
  return batches.flatMap(({ deviceId, samples }) =>
    samples.map(({ t, values }) => {
      const point = new Point(MEASUREMENT).tag('device', influxName(deviceId)).timestamp(t);
      for (const [field, value] of Object.entries(values)) point.floatField(nameOf(field, names), value);
      return point;
    }),
  );
}

function nameOf(field: string, names: Map<string, string>): string {
  let name = names.get(field);
  if (name === undefined) {
    if (names.size > 50_000) names.clear();
    names.set(field, (name = influxName(field)));
  }
  return name;
}

export interface Target {
  readonly client: InfluxDB;
  readonly org: string;
  readonly bucket: string;
  readonly log: HistoryOptions['log'];
}

/**
 * Resolves when InfluxDB has taken the points, except those that it rejects for good. To find these, a batch
 * that is rejected as a whole is sent again in halves.
 * @throws where InfluxDB cannot take the points now
 */
export async function writePoints(target: Target, batch: readonly Point[]): Promise<void> {
  if (batch.length === 0) return;
  try {
    await send(target, batch);
  } catch (error) {
    const rejection = rejectionOf(error);
    if (rejection === undefined) throw error;
    if (rejection === 'partial' || batch.length === 1) {
      target.log.error(
        { err: errorText(error), bucket: target.bucket, points: batch.length },
        'InfluxDB rejects some samples for good; they are left out',
      );
      return;
    }
    const half = batch.length >> 1;
    await writePoints(target, batch.slice(0, half));
    await writePoints(target, batch.slice(half));
  }
}

async function send({ client, org, bucket }: Target, batch: readonly Point[]): Promise<void> {
  // The client must not retry or keep points: the feeder does that from the journal, so it needs every
  // failure.
  const api = client.getWriteApi(org, bucket, 'ms', {
    batchSize: batch.length + 1,
    maxBatchBytes: 1024 ** 3,
    flushInterval: 0,
    maxRetries: 0,
    maxBufferLines: 0,
    writeFailed: (error) => Promise.reject(error),
  });
  try {
    api.writePoints([...batch]);
    await api.flush();
  } finally {
    await api.close();
  }
}
