/** Pushes samples, remembers which the server has acknowledged, and looks for them in InfluxDB itself. */
import { InfluxDB, flux } from '@influxdata/influxdb-client';
import type { Device, Stage } from '../routes/stage.ts';
import type { Influxd } from './influxd.ts';

export interface Acknowledged {
  /** Pushes the next five samples, a second apart; resolves with the status of the answer. */
  push(): Promise<number>;
  /** Pushes the samples of the last push again, as an agent does that got no answer. */
  resend(): Promise<number>;
  /** Number of acknowledged samples. */
  readonly count: number;
  /** What InfluxDB has of them, and what it has besides them. */
  compare(influxd: Influxd): Promise<{ stored: number; missing: number; wrong: number }>;
}

const SAMPLES = 5;

/** @param from the time of the first sample, epoch milliseconds */
export function acknowledgedPushes(
  stage: Pick<Stage, 'push'>,
  device: Device,
  from = Math.floor(Date.now() / 1000) * 1000 - 1_800_000,
): Acknowledged {
  /** The value of each acknowledged sample, by its time. */
  const acknowledged = new Map<number, number>();
  let next = 0;

  async function send(first: number): Promise<number> {
    const samples = Array.from({ length: SAMPLES }, (_, i) => ({
      timestamp: from + (first + i) * 1000,
      metrics: { cpu: (first + i) % 100 },
    }));
    const { status } = await stage.push(device, { samples });
    if (status === 200)
      for (const { timestamp, metrics } of samples) acknowledged.set(timestamp, metrics.cpu);
    return status;
  }

  return {
    push() {
      next += SAMPLES;
      return send(next - SAMPLES);
    },
    resend: () => send(next - SAMPLES),
    get count() {
      return acknowledged.size;
    },
    async compare({ url, token, org, bucket }) {
      const query = flux`from(bucket: ${bucket}) |> range(start: 0, stop: 2100-01-01T00:00:00Z) |> filter(fn: (r) => r._measurement == "samples" and r.device == ${device.id} and r._field == "cpu")`;
      const rows = await new InfluxDB({ url, token })
        .getQueryApi(org)
        .collectRows<{ _time: string; _value: number }>(query);
      const stored = new Map(rows.map(({ _time, _value }) => [Date.parse(_time), _value]));
      return {
        stored: rows.length,
        missing: [...acknowledged.keys()].filter((t) => !stored.has(t)).length,
        wrong: [...stored].filter(([t, value]) => acknowledged.get(t) !== value).length,
      };
    },
  };
}
