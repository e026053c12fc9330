/** Finds the three buckets in InfluxDB, or makes them where the token may. */
import type { InfluxDB } from '@influxdata/influxdb-client';
import { BucketsAPI, OrgsAPI } from '@influxdata/influxdb-client-apis';
import type { HistoryOptions, Retention } from '../server/history/history.ts';
import { errorText } from '#protocol/errors.ts';
import { isNotFound, isRefusal, NotInfluxError, SetupError } from './errors.ts';

export interface InfluxBucket {
  readonly name: string;
  /** How long the bucket keeps its data, in milliseconds; Infinity for ever. */
  readonly retentionMs: number;
  /** Whether it was made just now. */
  readonly isNew: boolean;
}

export interface InfluxBuckets {
  /** Holds the per-second samples. */
  readonly raw: InfluxBucket;
  /** Undefined where they are missing and the token may not make them. */
  readonly tiers: { readonly minutes: InfluxBucket; readonly quarters: InfluxBucket } | undefined;
  /** What a person can do about missing tiers; empty where there is nothing to do. */
  readonly advice: string;
}

export interface BucketsOptions {
  readonly client: InfluxDB;
  readonly org: string;
  /** Name of the bucket of the samples; the tiers' names are made from it. */
  readonly bucket: string;
  readonly retention: Retention;
  readonly log: HistoryOptions['log'];
}

const HOURS_A_DAY = 24;
const SECONDS_AN_HOUR = 3600;

const tierNames = (bucket: string) => ({ minutes: `${bucket}_1m`, quarters: `${bucket}_15m` });

/**
 * Finds the buckets, or makes them. Buckets that exist are left as they are, their retention too: only their
 * owner may shorten it.
 * @throws SetupError where the bucket of the samples cannot be found nor made; other errors where InfluxDB
 *   does not answer
 */
export async function findOrMakeBuckets({
  client,
  org,
  bucket,
  retention,
  log,
}: BucketsOptions): Promise<InfluxBuckets> {
  const api = new BucketsAPI(client);
  const names = tierNames(bucket);
  const raw = await findOrMake(bucket, retention.raw_days);
  if (typeof raw === 'string')
    throw new SetupError(
      `the bucket ${bucket} cannot be read with INFLUX_TOKEN nor made with it (${raw}): run ${makeCommand(bucket, retention.raw_days)} where it does not exist, and give the token read and write access to it`,
    );
  const minutes = await findOrMake(names.minutes, retention.minute_days);
  const quarters = await findOrMake(names.quarters, retention.quarter_days);
  if (typeof minutes !== 'string' && typeof quarters !== 'string')
    return { raw, tiers: { minutes, quarters }, advice: '' };
  const missing = [
    { name: names.minutes, days: retention.minute_days, result: minutes },
    { name: names.quarters, days: retention.quarter_days, result: quarters },
  ].filter(({ result }) => typeof result === 'string');
  const reasons = missing.map(({ name, result }) => `${name} (${String(result)})`).join(' and ');
  const commands = missing.map(({ name, days }) => makeCommand(name, days)).join(' and ');
  return {
    raw,
    tiers: undefined,
    advice: `long charts read every sample, because these buckets cannot be read with INFLUX_TOKEN nor made with it: ${reasons}. Run ${commands} where they do not exist, and give the token read and write access to ${names.minutes} and ${names.quarters}`,
  };

  /** The bucket, found or made; a text that says why where it could not be made. */
  async function findOrMake(name: string, days: number): Promise<InfluxBucket | string> {
    const existing = await find(name);
    if (existing !== undefined) return existing;
    const orgID = (await new OrgsAPI(client).getOrgs({ org })).orgs?.[0]?.id;
    if (orgID === undefined) return 'the token sees nothing of the organisation but its buckets';
    const everySeconds = Math.round(days * HOURS_A_DAY) * SECONDS_AN_HOUR;
    try {
      await api.postBuckets({
        body: { orgID, name, retentionRules: [{ type: 'expire', everySeconds }] },
      });
    } catch (error) {
      // The token may not, a quota is reached, or the retention is not allowed; or the bucket exists and the
      // token may not see it.
      if (isRefusal(error)) return errorText(error);
      throw error;
    }
    log.info({ org, bucket: name, days }, 'made a bucket in InfluxDB');
    return { name, retentionMs: everySeconds * 1000, isNew: true };
  }

  async function find(name: string): Promise<InfluxBucket | undefined> {
    try {
      const { buckets } = await api.getBuckets({ org, name });
      if (buckets === undefined) throw new NotInfluxError('a list of buckets without buckets');
      const found = buckets[0];
      if (found === undefined) return undefined;
      const seconds = found.retentionRules[0]?.everySeconds ?? 0;
      return { name, retentionMs: seconds === 0 ? Infinity : seconds * 1000, isNew: false };
    } catch (error) {
      if (isNotFound(error) && !String(error).includes('organization')) return undefined;
      throw error;
    }
  }

  function makeCommand(name: string, days: number): string {
    return `"influx bucket create --org ${org} --name ${name} --retention ${Math.round(days * HOURS_A_DAY)}h"`;
  }
}

/** A sentence for each bucket whose retention differs from the settings. */
export function retentionNotes({ raw, tiers }: InfluxBuckets, retention: Retention): string[] {
  const wanted: readonly [InfluxBucket | undefined, number, string][] = [
    [raw, retention.raw_days, 'WATCHFLOOR_RAW_DAYS'],
    [tiers?.minutes, retention.minute_days, 'WATCHFLOOR_MINUTE_DAYS'],
    [tiers?.quarters, retention.quarter_days, 'WATCHFLOOR_QUARTER_DAYS'],
  ];
  return wanted.flatMap(([bucket, days, setting]) => {
    if (bucket === undefined) return [];
    const keptDays = bucket.retentionMs / 1000 / SECONDS_AN_HOUR / HOURS_A_DAY;
    if (Math.abs(keptDays - days) < 1 / HOURS_A_DAY) return [];
    const time = keptDays === Infinity ? 'for ever' : `for ${Number(keptDays.toFixed(2))} days`;
    return [
      `the InfluxDB bucket ${bucket.name} was there already and keeps its data ${time}, not for ${days} days (${setting}): change its retention in InfluxDB if that is not intended`,
    ];
  });
}
