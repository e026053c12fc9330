/**
 * History: the journal that makes a push safe, the store behind it, the feeder between them, and charts from
 * it.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sample } from '#protocol/sample.ts';
import { openInfluxHistory } from '../../influx/influx.ts';
import { openEmbeddedHistory } from '../history/embedded/embedded.ts';
import { createFeeder } from '../history/feeder.ts';
import type { History } from '../history/history.ts';
import { openJournal } from '../history/journal/journal.ts';
import { decodeEntry } from '../ingest/journal-entry.ts';
import { seriesRoutes } from '../routes/series.ts';
import type { Base } from './base.ts';
import { Stops } from './stops.ts';

/**
 * How long samples gather into one message to the embedded store's thread, which costs as much as a few
 * samples.
 */
const GATHER_MS = 100;

/** The store that the settings ask for: InfluxDB, or the embedded one. */
async function openStore({ config, log }: Base): Promise<History> {
  const { influx, data, retention } = config;
  if (influx) return openInfluxHistory({ ...influx, retention, log });
  const dir = join(data, 'history');
  await mkdir(dir, { recursive: true, mode: 0o700 });
  return openEmbeddedHistory({ dir, retention, log });
}

/** The newest sample of each device; of none where the store cannot be read now. */
async function readLatest(store: History, { log }: Base): Promise<ReadonlyMap<string, Sample>> {
  try {
    return await store.latest();
  } catch (error) {
    log.warn(
      { err: error },
      'the newest samples cannot be read; devices show numbers again with their next push',
    );
    return new Map();
  }
}

/** Rejects when a folder or the store cannot be opened; nothing is left open then. */
export async function openHistory(base: Base) {
  const stops = new Stops();
  try {
    return await open(base, stops);
  } catch (error) {
    await stops.stop();
    throw error;
  }
}

async function open(base: Base, stops: Stops) {
  const { config, state, clock, log } = base;
  const { devices } = state;
  const store = await openStore(base);
  stops.add(() => store.close());
  const journal = await openJournal({ dir: join(config.data, 'journal'), log, clock });
  stops.add(() => journal.close());

  /** When the pushes arrived that the journal still held, by device. */
  const arrivals = new Map<string, number>();
  let feeding = true;
  const feeder = createFeeder({
    journal,
    history: store,
    log,
    clock,
    gatherMs: GATHER_MS,
    onState: ({ kind }) => (feeding = kind === 'feeding'),
    decode({ deviceId, arrived, payload }) {
      arrivals.set(deviceId, Math.max(arrived, arrivals.get(deviceId) ?? 0));
      // What the journal holds of a removed device is skipped.
      const samples = devices.get(deviceId) === undefined ? undefined : decodeEntry(payload);
      return samples && { deviceId, samples };
    },
  });
  stops.add(() => feeder.stop());
  // The embedded store takes what a crash left within moments; InfluxDB may be away for hours.
  if (!config.influx) await feeder.caughtUp();

  /** The store with everything in it that was acknowledged before it is asked. */
  const reader: Pick<History, 'query' | 'fields'> = {
    async query(asked) {
      if (feeding) await feeder.caughtUp();
      return store.query(asked);
    },
    async fields(deviceId) {
      if (feeding) await feeder.caughtUp();
      return store.fields(deviceId);
    },
  };

  return {
    append: journal.append,
    committed: feeder.committed,
    latest: await readLatest(store, base),
    arrivals,
    /**
     * Stored times in [from, to), all that was acknowledged included. Rejects while the store cannot take
     * samples.
     */
    async storedTimes(deviceId: string, from: number, to: number): Promise<readonly number[]> {
      if (!feeding)
        throw new Error('the history cannot take samples right now; it tells duplicates apart later');
      await feeder.caughtUp();
      return store.timestamps(deviceId, from, to);
    },
    remove: (deviceId: string) => store.remove(deviceId),
    health: async () => ({ ...(await store.health()), behind_bytes: feeder.behindBytes() }),
    routes: seriesRoutes({
      deviceExists: (id) => devices.get(id) !== undefined,
      history: reader,
      now: clock.now,
    }),
    stop: () => stops.stop(),
  };
}

export type OpenHistory = Awaited<ReturnType<typeof openHistory>>;
