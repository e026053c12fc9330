/**
 * History on InfluxDB 2. It connects at its first call, so that the server can start while InfluxDB is down.
 */
import { InfluxDB, type Point } from '@influxdata/influxdb-client';
import { DeleteAPI, PingAPI } from '@influxdata/influxdb-client-apis';
import { DEFAULT_RETENTION, type History, type HistoryOptions } from '../server/history/history.ts';
import { findOrMakeBuckets, retentionNotes, type InfluxBuckets } from './buckets.ts';
import { explained, isNotFound, SetupError } from './errors.ts';
import { MEASUREMENT } from './flux.ts';
import { influxName } from './names.ts';
import { startPasses } from './passes.ts';
import { queryTiers } from './query.ts';
import { readFields, readLatest, readTimestamps } from './read.ts';
import { openTiers, type Tiers } from './tiers.ts';
import { pointsOf, writePoints } from './write.ts';

export interface InfluxOptions extends HistoryOptions {
  readonly url: string;
  readonly token: string;
  readonly org: string;
  /**
   * Name of the bucket of the samples. The tiers' buckets have this name with `_1m` and `_15m` after it. All
   * three are made where they do not exist.
   */
  readonly bucket: string;
  /** The clock, in epoch milliseconds. */
  readonly now?: () => number;
  /** How often samples are rolled up, in milliseconds. */
  readonly passEveryMs?: number;
  /** How long a write or a query may take, in milliseconds. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;
/** For rolling up and deleting. */
const LONG_TIMEOUT_MS = 10 * 60_000;
const HEALTH_TIMEOUT_MS = 5_000;
const PASS_EVERY_MS = 15_000;
/** How often making the missing tiers is tried again. */
const RETRY_TIERS_MS = 60_000;
/** How long closing may take. The whole server has twenty seconds to stop. */
const CLOSE_MS = 8_000;
const POINTS_A_WRITE = 10_000;

/** What calls work on, once InfluxDB has answered. */
interface Ready {
  readonly buckets: InfluxBuckets;
  /** Undefined where their buckets are missing. */
  readonly tiers: Tiers | undefined;
}

/** Does not reject when InfluxDB is down; the calls of the history then reject until it is back. */
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
  const longClient = new InfluxDB({ url, token, timeout: LONG_TIMEOUT_MS });
  const reader = client.getQueryApi(org);
  /** Field names as InfluxDB takes them, by their own name. */
  const names = new Map<string, string>();
  /** The present or last try to find the buckets; undefined where the next call must try again. */
  let finding: Promise<Ready> | undefined;
  /** What the last successful try found. */
  let lastFound: Ready | undefined;
  /** The journal position after the last write. */
  let written = 0;
  /** Why the last call failed, and why the last rolling up did; undefined where it succeeded. */
  let callProblem: string | undefined;
  let rollUpProblem: string | undefined;

  const setCallProblem = (message?: string) => (callProblem = message);
  const setRollUpProblem = (message?: string) => (rollUpProblem = message);

  /**
   * Runs `work` once the buckets are found. An error says what to do, and shows in `health`.
   * @param symptom what InfluxDB does not do when `work` fails, for the error text
   */
  async function run<T>(
    symptom: string,
    work: (ready: Ready) => Promise<T>,
    setProblem: (problem?: string) => void = setCallProblem,
  ): Promise<T> {
    try {
      const result = await work(await ready());
      setProblem();
      return result;
    } catch (error) {
      // Somebody has deleted a bucket: the next call looks for it again.
      if (isNotFound(error)) finding = undefined;
      const explainedError = explained(url, symptom, error);
      setProblem(explainedError.message);
      throw explainedError;
    }
  }

  function ready(): Promise<Ready> {
    const current = (finding ??= findBuckets());
    current.catch(() => {
      if (finding === current) finding = undefined;
    });
    return current;
  }

  async function findBuckets(): Promise<Ready> {
    const before = lastFound;
    const buckets = await findOrMakeBuckets({ client, org, bucket, retention, log });
    if (before === undefined)
      for (const note of retentionNotes(buckets, retention)) log.info({ url, org }, note);
    if (buckets.tiers === undefined) {
      // Only the present tiers know which samples are late, so going on without tiers would lose that.
      if (before?.tiers !== undefined) throw new SetupError(buckets.advice);
      if (before === undefined) log.warn({ url, org, bucket }, buckets.advice);
      return (lastFound = { buckets, tiers: undefined });
    }
    const { minutes, quarters } = buckets.tiers;
    const tiers =
      (minutes.isNew || quarters.isNew ? undefined : before?.tiers) ??
      (await openTiers({
        api: longClient.getQueryApi(org),
        buckets: { raw: buckets.raw, minutes, quarters },
        write: writeAll,
        now,
      }));
    return (lastFound = { buckets, tiers });
  }

  async function writeAll(target: string, points: readonly Point[]): Promise<void> {
    for (let i = 0; i < points.length; i += POINTS_A_WRITE)
      await writePoints({ client, org, bucket: target, log }, points.slice(i, i + POINTS_A_WRITE));
  }

  const passes = startPasses({
    everyMs: passEveryMs,
    pass: () =>
      run(
        'does not roll up samples',
        async ({ tiers }) => {
          if (tiers !== undefined) return tiers.pass();
          // Somebody may have made the buckets meanwhile: the next pass looks for them again.
          finding = undefined;
          return RETRY_TIERS_MS;
        },
        setRollUpProblem,
      ),
    log,
  });

  return {
    storedTo: undefined,
    write: (batches, upTo) =>
      run('does not take samples', async ({ tiers }) => {
        if (tiers?.full === true) await tiers.rollUpLate();
        const journalFrom = written;
        const storable = tiers?.keepTooOld(batches, journalFrom) ?? batches;
        await writeAll(bucket, pointsOf(storable, names));
        tiers?.noteWritten(storable, journalFrom);
        written = upTo;
        return Math.min(tiers?.journalFrom() ?? upTo, upTo);
      }),
    query: (query) =>
      run('does not answer a query', (ready) => queryTiers({ api: reader, ...ready, query, now: now() })),
    fields: (deviceId) =>
      run('does not list fields', ({ buckets }) =>
        readFields(
          reader,
          [
            { bucket, measurement: MEASUREMENT },
            ...(buckets.tiers ? [{ bucket: buckets.tiers.quarters.name, measurement: 'count' }] : []),
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
      run('does not delete a device', ({ buckets, tiers }) => {
        const all = [buckets.raw, buckets.tiers?.minutes, buckets.tiers?.quarters];
        const deleteFromAll = async () => {
          for (const one of all) if (one !== undefined) await deleteDevice(one.name, deviceId);
        };
        return tiers === undefined ? deleteFromAll() : tiers.forgetDevice(deviceId, deleteFromAll);
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
      const advice = lastFound?.buckets.advice ?? '';
      const detail = `InfluxDB at ${url}, bucket ${bucket}${advice === '' ? '' : `; ${advice}`}`;
      const problem = callProblem ?? rollUpProblem;
      return { kind: 'influxdb', healthy: problem === undefined, detail: problem ?? detail, bytes: null };
    },
    close: () =>
      within(
        CLOSE_MS,
        passes
          .stop()
          .then(() => lastFound?.tiers?.finish())
          // After the next start the journal brings the late samples again, and the rest is rolled up then.
          .catch((error: unknown) => log.debug({ err: error }, 'closed before everything was rolled up')),
      ),
  };

  function deleteDevice(bucketName: string, deviceId: string): Promise<void> {
    const predicate = `device="${influxName(deviceId)}"`;
    const body = { start: '1970-01-01T00:00:00Z', stop: '2200-01-01T00:00:00Z', predicate };
    return new DeleteAPI(longClient).postDelete({ org, bucket: bucketName, body });
  }
}

/** Resolves when `work` does, or after `ms` milliseconds. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work, timeUp]);
  clearTimeout(timer);
}
