/** What the owner of an InfluxDB can do to it, over its HTTP API. */
import { InfluxDB } from '@influxdata/influxdb-client';
import { BucketsAPI, DeleteAPI, OrgsAPI } from '@influxdata/influxdb-client-apis';
import type { Influxd } from './influxd.ts';

export interface Admin {
  /** A token that may read and write just these buckets; `name:read` may only be read. */
  narrowToken(...buckets: readonly string[]): Promise<string>;
  makeBucket(name: string, days?: number): Promise<void>;
  deleteBucket(name: string): Promise<void>;
  /** In days; 0 for ever. Undefined where there is no such bucket. */
  retention(name: string): Promise<number | undefined>;
  /** Deletes a range of a bucket. */
  empty(bucket: string, from?: number, to?: number): Promise<void>;
  /** Sums the values of a measurement in a bucket; 0 where there are none. */
  sum(bucket: string, measurement: string, device: string): Promise<number>;
}

const DAY_SECONDS = 86_400;

export function adminOf({ url, token, org }: Influxd): Admin {
  const client = new InfluxDB({ url, token });
  const buckets = new BucketsAPI(client);

  async function find(name: string) {
    return (await buckets.getBuckets({ org, limit: 100 })).buckets?.find((one) => one.name === name);
  }
  async function orgID(): Promise<string> {
    return (await new OrgsAPI(client).getOrgs({ org })).orgs?.[0]?.id ?? '';
  }

  return {
    async narrowToken(...names) {
      const id = await orgID();
      const permissions = [];
      for (const [name = '', only] of names.map((one) => one.split(':')))
        for (const action of only === undefined ? ['read', 'write'] : [only])
          permissions.push({
            action,
            resource: { type: 'buckets', id: (await find(name))?.id, orgID: id },
          });
      const reply = await fetch(`${url}/api/v2/authorizations`, {
        method: 'POST',
        headers: { authorization: `Token ${token}` },
        body: JSON.stringify({ orgID: id, permissions }),
      });
      const made: unknown = await reply.json();
      if (typeof made !== 'object' || made === null || !('token' in made)) throw new Error('no token');
      return String(made.token);
    },
    async makeBucket(name, days = 0) {
      await buckets.postBuckets({
        body: {
          orgID: await orgID(),
          name,
          retentionRules: [{ type: 'expire', everySeconds: days * DAY_SECONDS }],
        },
      });
    },
    async deleteBucket(name) {
      await buckets.deleteBucketsID({ bucketID: (await find(name))?.id ?? '' });
    },
    async retention(name) {
      const found = await find(name);
      return found && (found.retentionRules[0]?.everySeconds ?? 0) / DAY_SECONDS;
    },
    async empty(bucket, from = 0, to = Date.UTC(2200, 0, 1)) {
      const [start, stop] = [new Date(from).toISOString(), new Date(to).toISOString()];
      await new DeleteAPI(client).postDelete({ org, bucket, body: { start, stop } });
    },
    async sum(bucket, measurement, device) {
      const rows = await client
        .getQueryApi(org)
        .collectRows<{ _value: number }>(
          `from(bucket: "${bucket}") |> range(start: 0) |> filter(fn: (r) => r._measurement == "${measurement}" and r.device == "${device}") |> toFloat() |> group() |> sum()`,
        );
      return rows[0]?._value ?? 0;
    },
  };
}
