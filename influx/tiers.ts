/**
 * The tiers on InfluxDB: minutes and quarters of an hour, in InfluxDB buckets of their own. Each bucket of
 * time is stored as min, max, sum and count, so that wider ones can be made of it exactly.
 *
 * This process decides when to roll up; InfluxDB itself reads the samples and writes their buckets, in one
 * query. Tasks of InfluxDB are no alternative: they look at a window that ends now, so they miss what a spool
 * brings an hour later, or read a wide window again and again; they need a token that may make tasks; and
 * nobody notices when they fail. Sums kept here while samples are written are no alternative either: a resend
 * would count twice, and a restart would lose what a bucket had so far.
 *
 * Why each sample is in each answer exactly once, whenever it comes:
 * - A bucket is always made again from all of its samples, so making it twice, or again after a crash,
 *   changes nothing.
 * - The mark is the range in which everything is rolled up. It is widened in memory before a rolling up
 *   begins and stored after it. Queries read the tiers inside of the stored mark, and the samples outside of it.
 * - Samples that InfluxDB has taken and that lie inside the mark in memory are late, whenever they were sent.
 *   Their quarters are rolled up again after about a minute, or before the next query about them.
 * - Until that is done, `journalFrom` keeps the journal, so that after a crash the late samples are written
 *   again.
 * - Until a wider mark is stored, the next start rolls up again what lies outside of the stored one.
 *
 * Samples from before the tiers existed are rolled up backwards, an hour at a time; until then queries read
 * them directly. Samples older than the per-second samples that InfluxDB keeps go into the tiers through
 * `pages.ts`.
 */
import { flux, type QueryApi } from '@influxdata/influxdb-client';
import type { Position, SampleBatch } from '../server/history/history.ts';
import { ALL_TIME, rows, source } from './flux.ts';
import { createLateQuarters, daysOf, spansOf, type LateQuarter } from './late.ts';
import type { InfluxBucket } from './buckets.ts';
import type { Line } from './lines.ts';
import { createPages } from './pages.ts';
import { readOldest } from './read.ts';
import { rollPages } from './roll-pages.ts';
import { HOUR, MINUTE } from '#protocol/span.ts';
import { QUARTER } from '../server/history/history.ts';
import { heldFrom, rollUp, type TierBuckets } from './roll.ts';

export interface TiersOptions {
  /** With a timeout of minutes: rolling up takes long. */
  readonly api: QueryApi;
  /** The buckets as they were last found: their owner may change how long they keep their data. */
  readonly buckets: () => TierBuckets;
  readonly write: (bucket: InfluxBucket, lines: readonly Line[]) => Promise<void>;
  /** The clock, in epoch milliseconds. */
  readonly now: () => number;
}

export interface Tiers {
  /**
   * Keeps the samples that are too old for InfluxDB's per-second samples in memory, to roll them up later,
   * and returns the others, which the caller writes.
   * @param journalFrom the journal position before these samples
   */
  keepTooOld(batches: readonly SampleBatch[], journalFrom: Position): SampleBatch[];
  /**
   * Notes that InfluxDB has taken these samples, so that late ones among them are rolled up again.
   * @param journalFrom the journal position before these samples
   */
  noteWritten(batches: readonly SampleBatch[], journalFrom: Position): void;
  /**
   * The journal must be kept from here on, in case this process ends now; undefined where no sample is late.
   */
  journalFrom(): Position | undefined;
  /** Rolls up the late samples of one device, or of all. */
  rollUpLate(deviceId?: string): Promise<void>;
  /**
   * Does some of the work that is due. Returns the milliseconds to wait before the next call; undefined for
   * no work.
   */
  pass(): Promise<number | undefined>;
  /**
   * Rolls up everything, unfinished quarters too, because the samples may have expired before this process
   * starts again. The mark stays, so these buckets are made again where the samples are still there.
   */
  finish(): Promise<void>;
  /** Forgets what is late of a device and runs `work`, which deletes it, while nothing is being rolled up. */
  forgetDevice(deviceId: string, work: () => Promise<void>): Promise<void>;
  /** The range in which queries may read the tiers. */
  readonly mark: Mark;
  /** Whether so many late samples wait that they should be rolled up before more are taken. */
  readonly full: boolean;
}

/** A quarter is rolled up this long after its end, in milliseconds, when most of its samples have come. */
const GRACE = 2 * MINUTE;
/** How long late samples gather before their quarter is rolled up again, in milliseconds. */
const LATE_WAIT = MINUTE;
/** Most late quarters that may wait. */
const MAX_LATE = 20_000;

/**
 * Everything in [from, to) is rolled up, except for late samples. Epoch milliseconds, multiples of a quarter.
 */
export interface Mark {
  readonly from: number;
  readonly to: number;
}

/**
 * The measurement of the mark. It is stored as a point among the quarters, so that it outlives this process's
 * disk.
 */
const MARK_MEASUREMENT = 'rolled';

async function readMark(api: QueryApi, bucket: string): Promise<Mark | undefined> {
  const query = flux`${source({ bucket, measurement: MARK_MEASUREMENT, ...ALL_TIME })} |> last()`;
  const ends = new Map<string, number>();
  for await (const { values, tableMeta } of rows(api, query))
    ends.set(String(tableMeta.get(values, '_field')), Number(tableMeta.get(values, '_value')));
  const [from, to] = [ends.get('from'), ends.get('to')];
  return from === undefined || to === undefined ? undefined : { from, to };
}

function markLine({ from, to }: Mark, now: number): Line {
  const fields = [
    ['from', `${from}i`],
    ['to', `${to}i`],
  ] as const;
  return { series: MARK_MEASUREMENT, fields, t: now };
}

/** @throws where InfluxDB does not answer */
export async function openTiers({ api, buckets, write, now }: TiersOptions): Promise<Tiers> {
  const late = createLateQuarters();
  const pages = createPages();
  /** The mark as it is stored: queries rely on it. */
  let mark = (await readMark(api, buckets().quarters.name)) ?? (await storeFirstMark());
  /** The mark in memory, widened when a rolling up begins: samples inside of it are late. */
  let begunMark = mark;
  /** Time of the oldest sample in InfluxDB, epoch milliseconds; read when it is first needed. */
  let oldest: number | undefined;
  /** Time of the oldest sample that was written since. */
  let oldestWritten = Infinity;
  /** The last work that `runAlone` was given. */
  let lastWork: Promise<unknown> = Promise.resolve();

  async function storeFirstMark(): Promise<Mark> {
    const to = Math.floor(now() / QUARTER) * QUARTER;
    return storeMark({ from: buckets().raw.isNew ? 0 : to, to });
  }

  async function storeMark(next: Mark): Promise<Mark> {
    await write(buckets().quarters, [markLine(next, now())]);
    return next;
  }

  /** Runs `work` after all work before it has ended, whether that succeeded or not. */
  function runAlone<T>(work: () => Promise<T>): Promise<T> {
    const next = lastWork.then(work);
    lastWork = next.catch(() => undefined);
    return next;
  }

  /** Rolls up [from, to) of all devices and widens the mark by it. */
  async function rollUpAndWiden(from: number, to: number): Promise<void> {
    begunMark = { from: Math.min(begunMark.from, from), to: Math.max(begunMark.to, to) };
    await rollUp(api, buckets(), { from, to }, now());
    mark = await storeMark({ from: Math.min(mark.from, from), to: Math.max(mark.to, to) });
  }

  async function rollUpChosen(chosen: (entry: LateQuarter) => boolean): Promise<void> {
    const entries = late.start(chosen);
    try {
      const inInflux = entries.filter(({ paged }) => !paged);
      for (const span of spansOf(inInflux)) await rollUp(api, buckets(), span, now());
      for (const [deviceId, quarters] of daysOf(entries.filter(({ paged }) => paged)))
        await rollPages({ api, buckets: buckets(), write, pages, deviceId, quarters, now: now() });
      late.finish(entries);
    } catch (error) {
      late.putBack(entries);
      throw error;
    }
    pages.trim(now(), (deviceId, quarter) => late.waitsPaged(deviceId, quarter));
  }

  /**
   * Rolls up one more hour of the samples from before the tiers existed. Returns the milliseconds to wait
   * before the next one; undefined where none is left.
   */
  async function rollUpOlderHour(): Promise<number | undefined> {
    if (mark.from === 0) return undefined;
    oldest ??= (await readOldest(api, buckets().raw.name)) ?? Infinity;
    if (Math.min(oldest, oldestWritten) >= mark.from) {
      begunMark = { ...begunMark, from: 0 };
      mark = await storeMark({ ...mark, from: 0 });
      return undefined;
    }
    const startedAt = performance.now();
    await rollUpAndWiden(Math.max(0, mark.from - HOUR), mark.from);
    // Waiting as long as the work took leaves half of InfluxDB's time to others.
    return performance.now() - startedAt;
  }

  return {
    keepTooOld(batches, journalFrom) {
      const from = heldFrom(buckets().raw, now());
      if (batches.every(({ samples }) => (samples[0]?.t ?? from) >= from)) return [...batches];
      return batches.map(({ deviceId, samples }) => {
        for (const sample of samples) {
          if (sample.t >= from) continue;
          pages.add(deviceId, sample, now());
          const quarter = sample.t - (sample.t % QUARTER);
          late.add({ deviceId, quarter, paged: true, journalFrom, dueAt: now() + LATE_WAIT });
        }
        return { deviceId, samples: samples.filter(({ t }) => t >= from) };
      });
    },
    noteWritten(batches, journalFrom) {
      const dueAt = now() + LATE_WAIT;
      for (const { deviceId, samples } of batches) {
        oldestWritten = Math.min(oldestWritten, samples[0]?.t ?? Infinity);
        let lastAdded: number | undefined;
        for (const { t } of samples) {
          const quarter = t - (t % QUARTER);
          if (quarter === lastAdded || t < begunMark.from || t >= begunMark.to) continue;
          late.add({ deviceId, quarter, paged: false, journalFrom, dueAt });
          lastAdded = quarter;
        }
      }
    },
    journalFrom: late.journalFrom,
    async rollUpLate(deviceId) {
      if (late.hasAny(deviceId))
        await runAlone(() => rollUpChosen((entry) => deviceId === undefined || entry.deviceId === deviceId));
    },
    pass: () =>
      runAlone(async () => {
        const time = now();
        await rollUpChosen(({ dueAt }) => dueAt <= time);
        const end = Math.floor((time - GRACE) / QUARTER) * QUARTER;
        if (mark.to >= end) return rollUpOlderHour();
        await rollUpAndWiden(mark.to, Math.min(end, mark.to + HOUR));
        return 0;
      }),
    finish: () =>
      runAlone(async () => {
        await rollUpChosen(() => true);
        const to = Math.ceil(now() / QUARTER) * QUARTER;
        if (mark.to < to) await rollUp(api, buckets(), { from: mark.to, to }, now());
      }),
    forgetDevice: (deviceId, work) =>
      runAlone(async () => {
        late.forgetDevice(deviceId);
        pages.forgetDevice(deviceId);
        await work();
      }),
    get mark() {
      return mark;
    },
    get full() {
      return late.size > MAX_LATE || pages.full;
    },
  };
}
