/** Samples → points → one request; what InfluxDB refuses as malformed is left out and logged, all else rejects. */
import { Point, type InfluxDB } from '@influxdata/influxdb-client';
import type { SampleBatch, HistoryOptions } from '../server/history/history.ts';
import { errorText } from '#protocol/errors.ts';
import { refusal } from './errors.ts';
import { MEASUREMENT } from './flux.ts';
import { influxName } from './names.ts';

/** One point a sample: its device a tag, its fields all floats, so that a field never changes its type. */
export function points(batches: readonly SampleBatch[], names: Map<string, string>): Point[] {
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

/** Resolves when InfluxDB has taken the points, but for those it will never take. */
export async function writePoints(target: Target, batch: readonly Point[]): Promise<void> {
  if (batch.length === 0) return;
  try {
    await send(target, batch);
  } catch (error) {
    const refused = refusal(error);
    if (refused === undefined) throw error;
    if (refused === 'partial' || batch.length === 1) {
      target.log.error(
        { err: errorText(error), bucket: target.bucket, points: batch.length },
        'InfluxDB refuses some samples for good; they are left out',
      );
      return;
    }
    const half = batch.length >> 1;
    await writePoints(target, batch.slice(0, half));
    await writePoints(target, batch.slice(half));
  }
}

async function send({ client, org, bucket }: Target, batch: readonly Point[]): Promise<void> {
  // Nothing is retried or kept in the client: the journal does that, and its caller must hear of every failure.
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
