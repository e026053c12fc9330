/**
 * The tiers on InfluxDB: minutes and quarters of an hour in buckets of their own, each bucket of time as min, max,
 * sum and count (so that wider ones can be made of them exactly).
 *
 * This process says when; InfluxDB itself reads the samples and writes what they come to, in one query. Tasks of
 * InfluxDB would not do: they look at a window behind now, so what a spool brings an hour later is missed or
 * needs a wide window read again and again; they need a token that may make them; and nobody notices when they
 * fail. Sums kept here while samples pass by would not do either: a resend counts twice, and a restart loses
 * what a bucket had so far.
 *
 * Why it is right. A bucket is always made anew from all of its samples, so doing it twice, or after a crash
 * again, changes nothing. A mark says up to when everything is rolled up. It moves in memory before a rolling up
 * begins and is stored after it. When a write has been taken, its samples before the mark in memory count as
 * late, whenever they were sent: their quarters are rolled up again, soon or before the next question about
 * them. Until that is done `heldSince` holds the journal, so a crash brings the late samples again; and until
 * the mark is stored, the next start rolls up what lies behind it. What lies outside of the mark is read from
 * the samples. So a sample is in each answer exactly once, whenever it comes.
 *
 * Samples from before the tiers existed are rolled up backwards, an hour at a time, and read one by one until
 * then. Samples older than the per-second ones InfluxDB keeps go into the tiers by way of `pages.ts`.
 */
import { flux, Point, type QueryApi } from '@influxdata/influxdb-client';
import type { Position, SampleBatch } from '../server/history/history.ts';
import { ALL_TIME, source } from './flux.ts';
import { createLate, daysOf, spansOf, type Entry } from './late.ts';
import { createPages } from './pages.ts';
import { readOldest } from './read.ts';
import { rollPages } from './roll-pages.ts';
import { HOUR, MINUTE, QUARTER } from '../server/history/history.ts';
import { heldFrom, rollUp, type TierPlaces } from './roll.ts';

export interface TiersOptions {
  /** For long work. */
  readonly api: QueryApi;
  readonly places: TierPlaces;
  readonly write: (bucket: string, points: readonly Point[]) => Promise<void>;
  readonly now: () => number;
}

export interface Tiers {
  /** The samples that InfluxDB takes one by one; the older ones are kept for the tiers. */
  admit(batches: readonly SampleBatch[], since: Position): SampleBatch[];
  /** InfluxDB has taken these. `since`: the journal's position before them. */
  wrote(batches: readonly SampleBatch[], since: Position): void;
  /** Where the journal must begin, should this process end now; undefined where all is rolled up. */
  heldSince(): Position | undefined;
  /** Rolls up what came late, of one device or of all. */
  settle(deviceId?: string): Promise<void>;
  /** Does some of what is due. `wait`: until the next step, in ms; undefined when nothing is due. */
  pass(): Promise<number | undefined>;
  /**
   * Rolls up all there is, half quarters too: when this process is back, the samples may have expired. The mark
   * stays, so they are made again where the samples are still there.
   */
  finish(): Promise<void>;
  /** Runs `work`, which deletes the device, while nothing is rolled up. */
  forget(deviceId: string, work: () => Promise<void>): Promise<void>;
  /** Up to where questions may rely on the tiers. */
  readonly mark: Mark;
  /** So much late data is waiting that no more should be admitted before it is settled. */
  readonly full: boolean;
}

/** After its end a quarter is rolled up: most of its samples have come by then. */
const GRACE = 2 * MINUTE;
/** How long late samples gather before their quarter is made again. */
const LATE_WAIT = MINUTE;
const MOST_LATE = 20_000;

/** Everything in [from, to) is rolled up, but for what came late. Both are quarters of an hour. */
export interface Mark {
  readonly from: number;
  readonly to: number;
}

/** How far the rolling up has come is kept as a point among the quarters: it outlives this process and its disk. */
const MARK = 'rolled';

async function readMark(api: QueryApi, bucket: string): Promise<Mark | undefined> {
  const asked = flux`${source({ bucket, measurement: MARK, ...ALL_TIME })} |> last()`;
  const found = new Map<string, number>();
  for await (const { values, tableMeta } of api.iterateRows(asked))
    found.set(String(tableMeta.get(values, '_field')), Number(tableMeta.get(values, '_value')));
  const [from, to] = [found.get('from'), found.get('to')];
  return from === undefined || to === undefined ? undefined : { from, to };
}

function markPoint({ from, to }: Mark, now: number): Point {
  return new Point(MARK).intField('from', from).intField('to', to).timestamp(now);
}

export async function openTiers({ api, places, write, now }: TiersOptions): Promise<Tiers> {
  const late = createLate();
  const pages = createPages();
  /** Stored: questions rely on it. */
  let mark = (await readMark(api, places.quarters.bucket)) ?? (await begin());
  /** Begun: samples in here are late. */
  let begun = mark;
  /** Where the samples from before the tiers begin; found out when it is needed. */
  let oldest: number | undefined;
  /** What has been written since that is older than all that is rolled up. */
  let oldestWritten = Infinity;
  let last: Promise<unknown> = Promise.resolve();

  async function begin(): Promise<Mark> {
    const to = Math.floor(now() / QUARTER) * QUARTER;
    return store({ from: places.raw.made ? 0 : to, to });
  }

  async function store(next: Mark): Promise<Mark> {
    await write(places.quarters.bucket, [markPoint(next, now())]);
    return next;
  }

  /** One at a time. */
  function alone<T>(work: () => Promise<T>): Promise<T> {
    const next = last.then(work);
    last = next.catch(() => undefined);
    return next;
  }

  /** Rolls up [from, to) of all devices and moves the mark. */
  async function rollOn(from: number, to: number): Promise<void> {
    begun = { from: Math.min(begun.from, from), to: Math.max(begun.to, to) };
    await rollUp(api, places, { from, to }, now());
    mark = await store({ from: Math.min(mark.from, from), to: Math.max(mark.to, to) });
  }

  async function rollLate(chosen: (entry: Entry) => boolean): Promise<void> {
    const entries = late.take(chosen);
    try {
      const stored = entries.filter(({ paged }) => !paged);
      for (const span of spansOf(stored)) await rollUp(api, places, span, now());
      for (const [deviceId, quarters] of daysOf(entries.filter(({ paged }) => paged)))
        await rollPages({ api, places, write, pages, deviceId, quarters, now: now() });
      late.done(entries);
    } catch (error) {
      late.back(entries);
      throw error;
    }
    pages.trim(now(), (deviceId, quarter) => late.has(deviceId, quarter));
  }

  async function rollBack(): Promise<number | undefined> {
    if (mark.from === 0) return undefined;
    oldest ??= (await readOldest(api, places.raw.bucket)) ?? Infinity;
    if (Math.min(oldest, oldestWritten) >= mark.from) {
      begun = { ...begun, from: 0 };
      mark = await store({ ...mark, from: 0 });
      return undefined;
    }
    const began = performance.now();
    await rollOn(Math.max(0, mark.from - HOUR), mark.from);
    // Half of InfluxDB's time is left to others.
    return performance.now() - began;
  }

  return {
    admit(batches, since) {
      const from = heldFrom(places.raw, now());
      if (batches.every(({ samples }) => (samples[0]?.t ?? from) >= from)) return [...batches];
      return batches.map(({ deviceId, samples }) => {
        for (const sample of samples) {
          if (sample.t >= from) continue;
          pages.add(deviceId, sample, now());
          const quarter = sample.t - (sample.t % QUARTER);
          late.mark({ deviceId, quarter, paged: true, since, due: now() + LATE_WAIT });
        }
        return { deviceId, samples: samples.filter(({ t }) => t >= from) };
      });
    },
    wrote(batches, since) {
      const due = now() + LATE_WAIT;
      for (const { deviceId, samples } of batches) {
        oldestWritten = Math.min(oldestWritten, samples[0]?.t ?? Infinity);
        let marked: number | undefined;
        for (const { t } of samples) {
          const quarter = t - (t % QUARTER);
          if (quarter === marked || t < begun.from || t >= begun.to) continue;
          late.mark({ deviceId, quarter, paged: false, since, due });
          marked = quarter;
        }
      }
    },
    heldSince: late.since,
    async settle(deviceId) {
      if (late.concerns(deviceId))
        await alone(() => rollLate((entry) => deviceId === undefined || entry.deviceId === deviceId));
    },
    pass: () =>
      alone(async () => {
        const time = now();
        await rollLate(({ due }) => due <= time);
        const closed = Math.floor((time - GRACE) / QUARTER) * QUARTER;
        if (mark.to >= closed) return rollBack();
        await rollOn(mark.to, Math.min(closed, mark.to + HOUR));
        return 0;
      }),
    finish: () =>
      alone(async () => {
        await rollLate(() => true);
        const to = Math.ceil(now() / QUARTER) * QUARTER;
        if (mark.to < to) await rollUp(api, places, { from: mark.to, to }, now());
      }),
    forget: (deviceId, work) =>
      alone(async () => {
        late.forget(deviceId);
        pages.forget(deviceId);
        await work();
      }),
    get mark() {
      return mark;
    },
    get full() {
      return late.size > MOST_LATE || pages.full;
    },
  };
}
