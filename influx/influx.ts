/** History on InfluxDB 2. It connects when it is first asked: the server starts with InfluxDB down. */
import { HttpError, InfluxDB } from '@influxdata/influxdb-client';
import { BucketsAPI, DeleteAPI, OrgsAPI, PingAPI } from '@influxdata/influxdb-client-apis';
import type { History, HistoryLog } from '../server/history/history.ts';
import { explained } from './errors.ts';
import { influxName } from './names.ts';
import { readBuckets, readFields, readLatest, readTimestamps } from './read.ts';
import { points, writePoints } from './write.ts';

export interface InfluxOptions {
  readonly url: string;
  readonly token: string;
  readonly org: string;
  /** Made where it does not exist. */
  readonly bucket: string;
  readonly log: HistoryLog;
}

const TIMEOUT_MS = 30_000;
const HEALTH_TIMEOUT_MS = 5_000;

/** Never rejects because InfluxDB is down: its calls do, until it is back. */
export async function openInfluxHistory({ url, token, org, bucket, log }: InfluxOptions): Promise<History> {
  const client = new InfluxDB({ url, token, timeout: TIMEOUT_MS });
  const reader = client.getQueryApi(org);
  const names = new Map<string, string>();
  let provisioned: Promise<void> | undefined;
  let problem: string | undefined;

  /** Runs `work` on a bucket that exists; a failure says what to do and shows in `health`. */
  async function run<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      provisioned ??= provision();
      await provisioned;
      const result = await work();
      problem = undefined;
      return result;
    } catch (error) {
      provisioned = undefined;
      const told = explained(url, doing, error);
      problem = told.message;
      throw told;
    }
  }

  async function provision(): Promise<void> {
    const buckets = new BucketsAPI(client);
    if (await exists(buckets)) return;
    const orgID = (await new OrgsAPI(client).getOrgs({ org })).orgs?.[0]?.id;
    if (orgID === undefined) throw new Error(`it has no organisation ${org}: check INFLUX_ORG`);
    await buckets.postBuckets({ body: { orgID, name: bucket, retentionRules: [] } });
    log.info({ url, org, bucket }, 'made the bucket in InfluxDB');
  }

  async function exists(buckets: BucketsAPI): Promise<boolean> {
    try {
      return ((await buckets.getBuckets({ org, name: bucket })).buckets ?? []).length > 0;
    } catch (error) {
      if (error instanceof HttpError && error.statusCode === 404) return false;
      throw error;
    }
  }

  return {
    write: (batches, upTo) =>
      run('does not take samples', async () => {
        await writePoints({ client, org, bucket, log }, points(batches, names));
        return upTo;
      }),
    query: (query) =>
      run('does not answer a query', async () => ({
        step: query.step,
        series: await readBuckets(reader, bucket, query),
      })),
    fields: (deviceId) => run('does not list fields', () => readFields(reader, bucket, deviceId)),
    timestamps: (deviceId, from, to) =>
      run('does not list samples', async () =>
        to <= from ? [] : readTimestamps(reader, bucket, deviceId, from, to),
      ),
    latest: () => run('does not give the latest samples', () => readLatest(reader, bucket)),
    remove: (deviceId) =>
      run('does not delete a device', () =>
        new DeleteAPI(client).postDelete({
          org,
          bucket,
          body: {
            start: '1970-01-01T00:00:00Z',
            stop: '2200-01-01T00:00:00Z',
            predicate: `device="${influxName(deviceId)}"`,
          },
        }),
      ),
    async health() {
      try {
        await new PingAPI(new InfluxDB({ url, token, timeout: HEALTH_TIMEOUT_MS })).getPing();
      } catch (error) {
        return {
          kind: 'influxdb',
          healthy: false,
          detail: explained(url, 'is down', error).message,
          bytes: null,
        };
      }
      return {
        kind: 'influxdb',
        healthy: problem === undefined,
        detail: problem ?? `InfluxDB at ${url}, bucket ${bucket}`,
        bytes: null,
      };
    },
    close: async () => {
      await provisioned?.catch((error: unknown) =>
        log.debug({ err: error }, 'closing before InfluxDB was reached'),
      );
    },
  };
}
