/** The three buckets in InfluxDB: found, or made where the token may. */
import type { InfluxDB } from '@influxdata/influxdb-client';
import { BucketsAPI, OrgsAPI } from '@influxdata/influxdb-client-apis';
import type { HistoryOptions, Retention } from '../server/history/history.ts';
import { errorText } from '#protocol/errors.ts';
import { isNotFound, isRefusal, SetupError } from './errors.ts';

export interface Place {
  readonly bucket: string;
  /** Infinity: for ever. */
  readonly keptMs: number;
  /** Just now. */
  readonly made: boolean;
}

export interface Places {
  readonly raw: Place;
  /** Undefined where they are missing and the token may not make them. */
  readonly tiers: { readonly minutes: Place; readonly quarters: Place } | undefined;
  /** What to do about it; empty where all is well. */
  readonly advice: string;
}

export interface PlacesOptions {
  readonly client: InfluxDB;
  readonly org: string;
  readonly bucket: string;
  readonly retention: Retention;
  readonly log: HistoryOptions['log'];
}

const HOURS_A_DAY = 24;
const SECONDS_AN_HOUR = 3600;

const tierNames = (bucket: string) => ({ minutes: `${bucket}_1m`, quarters: `${bucket}_15m` });

/** Buckets that are there are left as they are, their retention too: only their owner may shorten it. */
export async function provide({ client, org, bucket, retention, log }: PlacesOptions): Promise<Places> {
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
    { name: names.minutes, days: retention.minute_days, found: minutes },
    { name: names.quarters, days: retention.quarter_days, found: quarters },
  ].filter(({ found }) => typeof found === 'string');
  const whatIs = missing.map(({ name, found }) => `${name} (${String(found)})`).join(' and ');
  const commands = missing.map(({ name, days }) => makeCommand(name, days)).join(' and ');
  return {
    raw,
    tiers: undefined,
    advice: `long charts read every sample, because these buckets cannot be read with INFLUX_TOKEN nor made with it: ${whatIs}. Run ${commands} where they do not exist, and give the token read and write access to ${names.minutes} and ${names.quarters}`,
  };

  /** Why it could not be made, where it was not. */
  async function findOrMake(name: string, days: number): Promise<Place | string> {
    const found = await find(name);
    if (found !== undefined) return found;
    const orgID = (await new OrgsAPI(client).getOrgs({ org })).orgs?.[0]?.id;
    if (orgID === undefined) return 'the token sees nothing of the organisation but its buckets';
    const everySeconds = Math.round(days * HOURS_A_DAY) * SECONDS_AN_HOUR;
    try {
      await api.postBuckets({
        body: { orgID, name, retentionRules: [{ type: 'expire', everySeconds }] },
      });
    } catch (error) {
      // Rights, a quota, a retention that is not allowed; or it is there, and the token may not see it.
      if (isRefusal(error)) return errorText(error);
      throw error;
    }
    log.info({ org, bucket: name, days }, 'made a bucket in InfluxDB');
    return { bucket: name, keptMs: everySeconds * 1000, made: true };
  }

  async function find(name: string): Promise<Place | undefined> {
    try {
      const found = (await api.getBuckets({ org, name })).buckets?.[0];
      if (found === undefined) return undefined;
      const seconds = found.retentionRules[0]?.everySeconds ?? 0;
      return { bucket: name, keptMs: seconds === 0 ? Infinity : seconds * 1000, made: false };
    } catch (error) {
      if (isNotFound(error) && !String(error).includes('organization')) return undefined;
      throw error;
    }
  }

  function makeCommand(name: string, days: number): string {
    return `"influx bucket create --org ${org} --name ${name} --retention ${Math.round(days * HOURS_A_DAY)}h"`;
  }
}

/** What differs from the settings, a sentence for each bucket. */
export function retentionNotes({ raw, tiers }: Places, retention: Retention): string[] {
  const wanted: readonly [Place | undefined, number, string][] = [
    [raw, retention.raw_days, 'WATCHFLOOR_RAW_DAYS'],
    [tiers?.minutes, retention.minute_days, 'WATCHFLOOR_MINUTE_DAYS'],
    [tiers?.quarters, retention.quarter_days, 'WATCHFLOOR_QUARTER_DAYS'],
  ];
  return wanted.flatMap(([place, days, setting]) => {
    if (place === undefined) return [];
    const kept = place.keptMs / 1000 / SECONDS_AN_HOUR / HOURS_A_DAY;
    if (Math.abs(kept - days) < 1 / HOURS_A_DAY) return [];
    const time = kept === Infinity ? 'for ever' : `for ${Number(kept.toFixed(2))} days`;
    return [
      `the InfluxDB bucket ${place.bucket} was there already and keeps its data ${time}, not for ${days} days (${setting}): change its retention in InfluxDB where that is not meant`,
    ];
  });
}
