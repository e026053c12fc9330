/** What the owner of an InfluxDB can do with it over its HTTP API, for tests. */
import { InfluxDB } from '@influxdata/influxdb-client';
import { AuthorizationsAPI, BucketsAPI, DeleteAPI, OrgsAPI } from '@influxdata/influxdb-client-apis';
import type { Influxd } from './influxd.ts';

export interface Admin {
  /**
   * Makes a token that may read and write these buckets only. For `name:read` it may only read the bucket.
   */
  narrowToken(...buckets: readonly string[]): Promise<string>;
  revokeToken(token: string): Promise<void>;
  setRetention(bucket: string, days: number): Promise<void>;
  /** Makes a bucket that keeps its data for `days`; 0 for ever. */
  makeBucket(name: string, days?: number): Promise<void>;
  deleteBucket(name: string): Promise<void>;
  /** How many days a bucket keeps its data; 0 for ever, undefined where there is no such bucket. */
  retentionDays(name: string): Promise<number | undefined>;
  /** Deletes the data of a bucket in a range, epoch milliseconds; all of it by default. */
  deleteData(bucket: string, from?: number, to?: number): Promise<void>;
  /** The sum of a device's values of a measurement in a bucket; 0 where there are none. */
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
      for (const [name = '', onlyAction] of names.map((one) => one.split(':')))
        for (const action of onlyAction === undefined ? ['read', 'write'] : [onlyAction])
          permissions.push({
            action,
            resource: { type: 'buckets', id: (await find(name))?.id, orgID: id },
          });
      const reply = await fetch(`${url}/api/v2/authorizations`, {
        method: 'POST',
        headers: { authorization: `Token ${token}` },
        body: JSON.stringify({ orgID: id, permissions }),
      });
      const created: unknown = await reply.json();
      if (typeof created !== 'object' || created === null || !('token' in created))
        throw new Error('InfluxDB made no token');
      return String(created.token);
    },
    async revokeToken(revoked) {
      const api = new AuthorizationsAPI(client);
      const all = (await api.getAuthorizations({})).authorizations ?? [];
      await api.deleteAuthorizationsID({ authID: all.find((one) => one.token === revoked)?.id ?? '' });
    },
    async setRetention(name, days) {
      await buckets.patchBucketsID({
        bucketID: (await find(name))?.id ?? '',
        body: { retentionRules: [{ type: 'expire', everySeconds: days * DAY_SECONDS }] },
      });
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
    async retentionDays(name) {
      const bucket = await find(name);
      return bucket && (bucket.retentionRules[0]?.everySeconds ?? 0) / DAY_SECONDS;
    },
    async deleteData(bucket, from = 0, to = Date.UTC(2200, 0, 1)) {
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
