/**
 * History on InfluxDB 2. It connects at its first call, so that the server can start while InfluxDB is down.
 */
import { DeleteAPI } from '@influxdata/influxdb-client-apis';
import { DEFAULT_RETENTION, type History, type HistoryOptions } from '../server/history/history.ts';
import { findOrMakeBuckets, retentionNotes, type InfluxBucket, type InfluxBuckets } from './buckets.ts';
import { connect } from './connection.ts';
import { explained, isNotFound, SetupError } from './errors.ts';
import { MEASUREMENT } from './flux.ts';
import { linesOf, type Line } from './lines.ts';
import { influxName } from './names.ts';
import { startPasses } from './passes.ts';
import { queryTiers } from './query.ts';
import { readFields, readLatest, readTimestamps } from './read.ts';
import { heldFrom, type TierBuckets } from './roll.ts';
import { openTiers, type Tiers } from './tiers.ts';
import { startWatch } from './watch.ts';
import { writeLines } from './write.ts';

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
  /** How long a write may take, and a query where that is less than its own limit, in milliseconds. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;
/** A chart waits for a query. */
const QUERY_TIMEOUT_MS = 4_000;
/** For rolling up and deleting. */
const LONG_TIMEOUT_MS = 10 * 60_000;
const PING_TIMEOUT_MS = 3_000;
const PING_EVERY_MS = 5_000;
const PASS_EVERY_MS = 15_000;
/** How often the buckets are looked at again: their owner may change how long they keep their data. */
const FIND_AGAIN_MS = 10 * 60_000;
/** How often making the missing tiers is tried again. */
const RETRY_TIERS_MS = 60_000;
/** How long closing may take while InfluxDB answers. */
const CLOSE_MS = 2_000;
const LINES_A_WRITE = 10_000;

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
  notice = (text) => log.warn({ url, org }, text),
}: InfluxOptions): Promise<History> {
  const closing = new AbortController();
  const clientFor = (limitMs: number) => connect({ url, token, limitMs, closing: closing.signal });
  const client = clientFor(timeoutMs);
  const longClient = clientFor(LONG_TIMEOUT_MS);
  const queries = clientFor(Math.min(timeoutMs, QUERY_TIMEOUT_MS)).getQueryApi(org);
  const watch = startWatch({
    client: clientFor(Math.min(timeoutMs, PING_TIMEOUT_MS)),
    url,
    everyMs: PING_EVERY_MS,
  });
  /** Field names as lines have them, by their own name. */
  const names = new Map<string, string>();
  /** The present or last try to find the buckets; undefined where the next call must try again. */
  let finding: Promise<Ready> | undefined;
  /** What the last successful try found, and when, epoch milliseconds. */
  let lastFound: Ready | undefined;
  let foundAt = 0;
  /** The buckets that the tiers work on. */
  let tierBuckets: TierBuckets;
  /** The journal position after the last write. */
  let written = 0;
  /** Why the last write failed, and why the last rolling up did; undefined where it succeeded. */
  let writeProblem: string | undefined;
  let rollUpProblem: string | undefined;

  /**
   * Runs `work` once the buckets are found. An error says what to do.
   * @param symptom what InfluxDB does not do when `work` fails, for the error text
   * @param setProblem called with what health then shows, and with undefined after a success
   */
  async function run<T>(
    symptom: string,
    work: (ready: Ready) => Promise<T>,
    setProblem: (problem?: string) => void = () => undefined,
  ): Promise<T> {
    try {
      const result = await work(await ready());
      setProblem();
      return result;
    } catch (error) {
      // Somebody has deleted a bucket or changed its retention: the next call looks at it again.
      if (isNotFound(error) || error instanceof SetupError) finding = undefined;
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
    foundAt = now();
    if (before === undefined)
      for (const note of retentionNotes(buckets, retention)) log.info({ url, org }, note);
    if (buckets.tiers === undefined) {
      // Only the present tiers know which samples are late, so going on without tiers would lose that.
      if (before?.tiers !== undefined) throw new SetupError(buckets.advice);
      if (before === undefined) log.warn({ url, org, bucket }, buckets.advice);
      return (lastFound = { buckets, tiers: undefined });
    }
    const { minutes, quarters } = buckets.tiers;
    tierBuckets = { raw: buckets.raw, minutes, quarters };
    const tiers =
      (minutes.isNew || quarters.isNew ? undefined : before?.tiers) ??
      (await openTiers({
        api: longClient.getQueryApi(org),
        buckets: () => tierBuckets,
        write: writeAll,
        now,
      }));
    return (lastFound = { buckets, tiers });
  }

  async function writeAll(target: InfluxBucket, lines: readonly Line[]): Promise<void> {
    const options = { client, org, bucket: target.name, heldFrom: heldFrom(target, now()), leftOut: notice };
    for (let i = 0; i < lines.length; i += LINES_A_WRITE)
      await writeLines(options, lines.slice(i, i + LINES_A_WRITE));
  }

  const passes = startPasses({
    everyMs: passEveryMs,
    pass: () =>
      run(
        'does not roll up samples',
        async ({ tiers }) => {
          if (tiers === undefined || now() - foundAt > FIND_AGAIN_MS) finding = undefined;
          return tiers === undefined ? RETRY_TIERS_MS : tiers.pass();
        },
        (problem) => (rollUpProblem = problem),
      ),
    log,
  });

  return {
    storedTo: undefined,
    write: (batches, upTo) =>
      run(
        'does not take samples',
        async ({ buckets, tiers }) => {
          if (tiers?.full === true) await tiers.rollUpLate();
          const journalFrom = written;
          const storable = tiers?.keepTooOld(batches, journalFrom) ?? batches;
          await writeAll(buckets.raw, linesOf(storable, names));
          tiers?.noteWritten(storable, journalFrom);
          written = upTo;
          return Math.min(tiers?.journalFrom() ?? upTo, upTo);
        },
        (problem) => (writeProblem = problem),
      ),
    query: (query) =>
      run('does not answer a query', (ready) => queryTiers({ api: queries, ...ready, query, now: now() })),
    fields: (deviceId) =>
      run('does not list fields', ({ buckets }) =>
        readFields(
          queries,
          [
            { bucket, measurement: MEASUREMENT },
            ...(buckets.tiers ? [{ bucket: buckets.tiers.quarters.name, measurement: 'count' }] : []),
          ],
          deviceId,
        ),
      ),
    timestamps: (deviceId, from, to) =>
      run('does not list samples', async () =>
        to <= from ? [] : readTimestamps(queries, bucket, deviceId, from, to),
      ),
    latest: () => run('does not give the latest samples', () => readLatest(client.getQueryApi(org), bucket)),
    remove: (deviceId) =>
      run('does not delete a device', ({ buckets, tiers }) => {
        const all = [buckets.raw, buckets.tiers?.minutes, buckets.tiers?.quarters];
        const deleteFromAll = async () => {
          for (const one of all) if (one !== undefined) await deleteDevice(one.name, deviceId);
        };
        return tiers === undefined ? deleteFromAll() : tiers.forgetDevice(deviceId, deleteFromAll);
      }),
    async health() {
      const problem = writeProblem ?? rollUpProblem ?? (await watch.problem());
      const advice = lastFound?.buckets.advice ?? '';
      const detail = `InfluxDB at ${url}, bucket ${bucket}${advice === '' ? '' : `; ${advice}`}`;
      return { kind: 'influxdb', healthy: problem === undefined, detail: problem ?? detail, bytes: null };
    },
    async close() {
      watch.stop();
      const stopped = passes.stop();
      // While InfluxDB does not answer, waiting brings nothing: after the next start the journal brings the late
      // samples again, and the rest is rolled up then.
      if (writeProblem === undefined && rollUpProblem === undefined)
        await within(
          CLOSE_MS,
          stopped
            .then(() => lastFound?.tiers?.finish())
            .catch((error: unknown) => log.debug({ err: error }, 'closed before everything was rolled up')),
        );
      closing.abort();
      await stopped;
    },
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
