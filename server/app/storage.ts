/** Where samples are kept: the journal that makes a push safe, the history behind it, and the feeder between them. */
import { join } from 'node:path';
import type { Sample } from '#protocol/sample.ts';
import type { Config } from '../config/config.ts';
import { createFeeder } from '../history/feeder.ts';
import type { History } from '../history/history.ts';
import { openJournal } from '../history/journal/journal.ts';
import { decodeEntry } from '../ingest/journal-entry.ts';
import type { Log } from '../types.ts';
import { systemClock } from './clock.ts';
import { openHistory } from './open-history.ts';
import type { Opened } from './opened.ts';

/** A message to the store's thread costs as much as a few samples. */
const GATHER_MS = 100;

/** `isKnown`: whether a device still exists; what the journal holds of a removed one is skipped. */
export async function openStorage(
  config: Config,
  isKnown: (deviceId: string) => boolean,
  opened: Opened,
  log: Log,
) {
  const history = await openHistory(config, log);
  opened.add(() => history.close());
  const journal = await openJournal({ dir: join(config.data, 'journal'), log, clock: systemClock });
  opened.add(() => journal.close());
  /** When the pushes arrived that the journal still held. */
  const arrivals = new Map<string, number>();
  let feeding = true;
  const feeder = createFeeder({
    journal,
    history,
    log,
    clock: systemClock,
    gatherMs: GATHER_MS,
    onState: ({ kind }) => (feeding = kind === 'feeding'),
    decode({ deviceId, arrived, payload }) {
      arrivals.set(deviceId, Math.max(arrived, arrivals.get(deviceId) ?? 0));
      const samples = isKnown(deviceId) ? decodeEntry(payload) : undefined;
      return samples && { deviceId, samples };
    },
  });
  opened.add(() => feeder.stop());
  // The embedded store takes what a crash left within moments; InfluxDB may be away for hours.
  if (!config.influx) await feeder.caughtUp();
  const latest = await history.latest().catch((error: unknown) => {
    log.warn(
      { err: error },
      'the newest samples cannot be read; devices show numbers again with their next push',
    );
    return new Map<string, Sample>();
  });

  /** Stored times in [from, to), all that was acknowledged included. Rejects while the history cannot take samples. */
  async function stored(deviceId: string, from: number, to: number): Promise<readonly number[]> {
    if (!feeding)
      throw new Error('the history cannot take samples right now; it tells duplicates apart later');
    await feeder.caughtUp();
    return history.timestamps(deviceId, from, to);
  }

  /** The history with everything in it that was acknowledged before it is asked. */
  const reader: Pick<History, 'query' | 'fields'> = {
    async query(asked) {
      if (feeding) await feeder.caughtUp();
      return history.query(asked);
    },
    async fields(deviceId) {
      if (feeding) await feeder.caughtUp();
      return history.fields(deviceId);
    },
  };

  return { history, journal, feeder, latest, arrivals, stored, reader };
}
