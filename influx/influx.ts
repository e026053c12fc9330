/** History on InfluxDB 2. It connects when it is first asked: the server starts with InfluxDB down. */
import { InfluxDB, type Point } from '@influxdata/influxdb-client';
import { DeleteAPI, PingAPI } from '@influxdata/influxdb-client-apis';
import { DEFAULT_RETENTION, type History, type HistoryOptions } from '../server/history/history.ts';
import { provide, retentionNotes, type Places } from './buckets.ts';
import { explained, isNotFound, SetupError } from './errors.ts';
import { MEASUREMENT } from './flux.ts';
import { influxName } from './names.ts';
import { startPasses } from './passes.ts';
import { queryTiers } from './query.ts';
import { readFields, readLatest, readTimestamps } from './read.ts';
import { openTiers, type Tiers } from './tiers.ts';
import { points, writePoints } from './write.ts';

export interface InfluxOptions extends HistoryOptions {
  readonly url: string;
  readonly token: string;
  readonly org: string;
  /** Of the samples; `_1m` and `_15m` beside it are the tiers. Made where they do not exist. */
  readonly bucket: string;
  readonly now?: () => number;
  /** Between looks for what is to be rolled up. */
  readonly passEveryMs?: number;
  /** How long a write or a question may take. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;
/** Of rolling up, deleting and making buckets. */
const LONG_TIMEOUT_MS = 10 * 60_000;
const HEALTH_TIMEOUT_MS = 5_000;
const PASS_EVERY_MS = 15_000;
/** Between looks whether the tiers may be made now. */
const WITHOUT_TIERS_MS = 60_000;
/** The server has twenty seconds to end. */
const CLOSE_MS = 8_000;
const POINTS_A_WRITE = 10_000;

interface Ready {
  readonly places: Places;
  readonly tiers: Tiers | undefined;
}

/** Never rejects because InfluxDB is down: its calls do, until it is back. */
export async function openInfluxHistory({
  url,
  token,
  org,
  bucket,
  retention = DEFAULT_RETENTION,
  log,
  now = Date.now,
  passEveryMs = PASS_EVERY_MS,
  timeoutMs = TIMEOUT_MS,
}: InfluxOptions): Promise<History> {
  const client = new InfluxDB({ url, token, timeout: timeoutMs });
  const patient = new InfluxDB({ url, token, timeout: LONG_TIMEOUT_MS });
  const reader = client.getQueryApi(org);
  const names = new Map<string, string>();
  let provisioned: Promise<Ready> | undefined;
  let opened: Ready | undefined;
  let written = 0;
  /** Of the last call, and of the last rolling up. */
  let problem: string | undefined;
  let rollProblem: string | undefined;

  const ofCalls = (message?: string) => (problem = message);
  const ofRolling = (message?: string) => (rollProblem = message);

  /** Runs `work` on buckets that exist; a failure says what to do and shows in `health`. */
  async function run<T>(
    doing: string,
    work: (ready: Ready) => Promise<T>,
    tell: (problem?: string) => void = ofCalls,
  ): Promise<T> {
    try {
      const result = await work(await ready());
      tell();
      return result;
    } catch (error) {
      // Somebody has deleted a bucket.
      if (isNotFound(error)) provisioned = undefined;
      const told = explained(url, doing, error);
      tell(told.message);
      throw told;
    }
  }

  function ready(): Promise<Ready> {
    const known = (provisioned ??= provision());
    known.catch(() => {
      if (provisioned === known) provisioned = undefined;
    });
    return known;
  }

  async function provision(): Promise<Ready> {
    const before = opened;
    const places = await provide({ client, org, bucket, retention, log });
    if (before === undefined)
      for (const note of retentionNotes(places, retention)) log.info({ url, org }, note);
    if (places.tiers === undefined) {
      // What is late is known to the tiers alone: they are not given up.
      if (before?.tiers !== undefined) throw new SetupError(places.advice);
      if (before === undefined) log.warn({ url, org, bucket }, places.advice);
      return (opened = { places, tiers: undefined });
    }
    const { minutes, quarters } = places.tiers;
    const kept = before?.tiers !== undefined && !minutes.made && !quarters.made ? before.tiers : undefined;
    const tiers =
      kept ??
      (await openTiers({
        api: patient.getQueryApi(org),
        places: { raw: places.raw, minutes, quarters },
        write: store,
        now,
      }));
    return (opened = { places, tiers });
  }

  async function store(into: string, all: readonly Point[]): Promise<void> {
    for (let i = 0; i < all.length; i += POINTS_A_WRITE)
      await writePoints({ client, org, bucket: into, log }, all.slice(i, i + POINTS_A_WRITE));
  }

  const passes = startPasses({
    everyMs: passEveryMs,
    pass: () =>
      run(
        'does not roll up samples',
        async ({ tiers }) => {
          if (tiers !== undefined) return tiers.pass();
          // The buckets may have been made meanwhile.
          provisioned = undefined;
          return WITHOUT_TIERS_MS;
        },
        ofRolling,
      ),
    log,
  });

  return {
    write: (batches, upTo) =>
      run('does not take samples', async ({ tiers }) => {
        if (tiers?.full === true) await tiers.settle();
        const since = written;
        const admitted = tiers?.admit(batches, since) ?? batches;
        await store(bucket, points(admitted, names));
        tiers?.wrote(admitted, since);
        written = upTo;
        return Math.min(tiers?.heldSince() ?? upTo, upTo);
      }),
    query: (query) =>
      run('does not answer a query', (ready) => queryTiers({ api: reader, ...ready, query, now: now() })),
    fields: (deviceId) =>
      run('does not list fields', ({ places }) =>
        readFields(
          reader,
          [
            { bucket, measurement: MEASUREMENT },
            ...(places.tiers ? [{ bucket: places.tiers.quarters.bucket, measurement: 'count' }] : []),
          ],
          deviceId,
        ),
      ),
    timestamps: (deviceId, from, to) =>
      run('does not list samples', async () =>
        to <= from ? [] : readTimestamps(reader, bucket, deviceId, from, to),
      ),
    latest: () => run('does not give the latest samples', () => readLatest(reader, bucket)),
    remove: (deviceId) =>
      run('does not delete a device', ({ places, tiers }) => {
        const all = [places.raw, places.tiers?.minutes, places.tiers?.quarters];
        const work = async () => {
          for (const place of all) if (place !== undefined) await deleteDevice(place.bucket, deviceId);
        };
        return tiers === undefined ? work() : tiers.forget(deviceId, work);
      }),
    async health() {
      try {
        await new PingAPI(
          new InfluxDB({ url, token, timeout: Math.min(timeoutMs, HEALTH_TIMEOUT_MS) }),
        ).getPing();
      } catch (error) {
        const { message } = explained(url, 'is down', error);
        return { kind: 'influxdb', healthy: false, detail: message, bytes: null };
      }
      const advice = opened?.places.advice ?? '';
      const detail = `InfluxDB at ${url}, bucket ${bucket}${advice === '' ? '' : `; ${advice}`}`;
      const wrong = problem ?? rollProblem;
      return { kind: 'influxdb', healthy: wrong === undefined, detail: wrong ?? detail, bytes: null };
    },
    close: () =>
      within(
        CLOSE_MS,
        passes
          .stop()
          .then(() => opened?.tiers?.finish())
          // What was late comes again from the journal, the rest is rolled up after the next start.
          .catch((error: unknown) => log.debug({ err: error }, 'closing before all was rolled up')),
      ),
  };

  function deleteDevice(from: string, deviceId: string): Promise<void> {
    const predicate = `device="${influxName(deviceId)}"`;
    const body = { start: '1970-01-01T00:00:00Z', stop: '2200-01-01T00:00:00Z', predicate };
    return new DeleteAPI(patient).postDelete({ org, bucket: from, body });
  }
}

/** Waits for `work`, but no longer than this. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work, timeUp]);
  clearTimeout(timer);
}
