/**
 * History: the journal, which makes a push durable; the history itself; the feeder that moves samples from
 * the journal to the history; and chart queries.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sample } from '#protocol/sample.ts';
import { openInfluxHistory } from '../../influx/influx.ts';
import { openEmbeddedHistory } from '../history/embedded/embedded.ts';
import { createFeeder, endsInTime, type Feeder } from '../history/feeder.ts';
import type { History, HistoryQuery } from '../history/history.ts';
import { openJournal } from '../history/journal/journal.ts';
import { openProcessHistory, withProcesses } from '../history/processes/process-history.ts';
import { createReader, influxPatience, type Reader } from '../history/reader.ts';
import { createRemovals } from '../history/removals.ts';
import { decodeEntry } from '../ingest/journal-entry.ts';
import { manySeriesRoutes } from '../routes/many-series.ts';
import { seriesRoutes } from '../routes/series.ts';
import type { Base } from './base.ts';
import { machineOf } from './silences.ts';
import { Stops } from './stops.ts';

/**
 * Milliseconds that samples are gathered into one message to the embedded history's thread; a message costs
 * as much as a few samples.
 */
const GATHER_MS = 100;
/**
 * How long a start spends at most on opening the history and then waiting for the samples that the journal holds, in
 * milliseconds. Where reading a large journal took that long already, it does not wait.
 */
const START_WAIT_MS = 2_000;

/** Opens the history that the settings ask for: InfluxDB or the embedded one. */
async function openConfiguredHistory({ config, log, notices }: Base): Promise<History> {
  const { influx, retention } = config;
  const notice = notices.add;
  if (influx) return openInfluxHistory({ ...influx, retention, log, notice });
  return openEmbeddedHistory({ dir: folderOf(config), retention, log, notice });
}

/** The folder of the history's files. */
const folderOf = ({ data }: Pick<Base['config'], 'data'>) => join(data, 'history');

/** Opens the history, and that of processes, which is a file beside it in either case. */
async function openHistories(base: Base, stops: Stops) {
  const { config, log, notices } = base;
  await mkdir(folderOf(config), { recursive: true, mode: 0o700 });
  const samples = await openConfiguredHistory(base);
  let history = samples;
  stops.add(() => history.close());
  const processes = await openProcessHistory({
    dir: folderOf(config),
    days: config.processDays,
    log,
    notice: notices.add,
  });
  history = withProcesses(samples, processes);
  return { history, processes };
}

/** The newest sample of each device by device id; an empty map when the history cannot be read now. */
async function readLatest(reader: Reader, { log }: Base): Promise<ReadonlyMap<string, Sample>> {
  try {
    return await reader.latest();
  } catch (error) {
    log.warn(
      { err: error },
      'the newest samples cannot be read; devices show values again with their next push',
    );
    return new Map();
  }
}

/**
 * Resolves when the history has what the journal held at the start, or after `waitMs`, because one device may have left
 * very much there. The rest then follows while the server runs.
 */
async function replayed(
  { caughtUp, behindBytes }: Feeder,
  { clock, notices }: Base,
  waitMs: number,
): Promise<void> {
  const done = caughtUp().then(() => notices.set('replay', null));
  if (!(await endsInTime(done, waitMs, clock)))
    notices.set('replay', {
      text: `The history is still taking in ${Math.ceil(behindBytes() / 2 ** 20)} MiB of samples from before the start. Charts lack them until then; new samples do not wait.`,
    });
}

/** Rejects when a folder or the history cannot be opened; nothing is left open then. */
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
  const { config, state, clock, log, notices } = base;
  const { devices } = state;
  const begun = performance.now();
  const { history, processes } = await openHistories(base, stops);
  const journal = await openJournal({
    dir: join(config.data, 'journal'),
    log,
    clock,
    notice: notices.add,
    onProblem: (text) => notices.set('journal', text === null ? null : { text, stopsPushes: true }),
    storedTo: history.storedTo ?? 0,
  });
  stops.add(() => journal.close());

  /** By device id, when its last push in the journal arrived at the server, epoch milliseconds. */
  const arrivals = new Map<string, number>();
  /** Why the history does not take samples now. */
  let problem: string | undefined;
  const removals = createRemovals({
    records: state.removals,
    history,
    journal,
    registeredAt: (id) => devices.get(id)?.registered_at,
    clock,
    log,
    onProblem: (text) => notices.set('removals', text === null ? null : { text }),
  });
  stops.add(removals.stop);
  const feeder = createFeeder({
    journal,
    history,
    removals,
    log,
    notice: notices.add,
    clock,
    gatherMs: GATHER_MS,
    onState(now) {
      problem = now.kind === 'feeding' ? undefined : now.error.message;
      notices.set(
        'history',
        problem === undefined
          ? null
          : {
              text: `The history is behind: ${problem}. New samples wait in the journal, and none is lost; should its disk fill up, pushes are refused and the agents keep their samples.`,
            },
      );
    },
    decode({ deviceId, arrived, payload }) {
      arrivals.set(deviceId, Math.max(arrived, arrivals.get(deviceId) ?? 0));
      // Samples of a removed device are skipped.
      const decoded = devices.get(deviceId) === undefined ? undefined : decodeEntry(payload);
      return decoded && { deviceId, ...decoded };
    },
  });
  stops.add(() => feeder.stop());
  // The embedded history takes the samples that a crash left in the journal within moments, so the start
  // waits for it, but not for long. InfluxDB may be unreachable for hours.
  if (!config.influx) await replayed(feeder, base, begun + START_WAIT_MS - performance.now());

  const reader = createReader({
    history,
    caughtUp: feeder.caughtUp,
    problem: () => problem,
    clock,
    patience: config.influx && influxPatience(config.influx.url),
  });

  return {
    processes,
    untilCaughtUp: reader.untilCaughtUp,
    /** Resolves when everything acknowledged before is in the history, however long that takes. */
    caughtUp: feeder.caughtUp,
    append: journal.append,
    committed: feeder.committed,
    /** Reads the newest sample of each device by device id; an empty map when the history cannot be read now. */
    readLatest: async () => {
      const latest = await readLatest(reader, base);
      return new Map([...latest].filter(([deviceId]) => !removals.waits(deviceId)));
    },
    arrivals,
    /** What is still to be deleted of a removed device is not of the one that has its id now. */
    storedTimes: (deviceId: string, from: number, to: number) =>
      removals.waits(deviceId) ? Promise.resolve([]) : reader.storedTimes(deviceId, from, to),
    storedFields: (deviceId: string) =>
      removals.waits(deviceId) ? Promise.resolve([]) : reader.storedFields(deviceId),
    /** How rules and messages read the history: each read ends within the history's patience. */
    inTime: {
      work: reader.inTime,
      query: (query: HistoryQuery) => reader.inTime(reader.query(query)),
      fields: (deviceId: string) => reader.inTime(reader.fields(deviceId)),
    },
    /**
     * Reads what the history has by now: work in the background does not make it take new samples at once, which costs
     * as much for few of them as for many.
     */
    queryStored: (query: HistoryQuery) => reader.inTime(history.query(query)),
    /** Ends the waiting for a history that does not answer, so that the server can stop. */
    stopReading: reader.stop,
    noteRemoval: removals.note,
    /** Deletes a device that was noted; where that takes too long, it goes on after the promise has resolved. */
    remove: (deviceId: string) =>
      reader.inTime(removals.carryOut(deviceId)).catch((error: unknown) => {
        log.warn({ err: error, device_id: deviceId }, 'a removed device is still being deleted');
      }),
    health: async () => ({ ...(await history.health()), behind_bytes: feeder.behindBytes() }),
    routes: [
      ...seriesRoutes({
        deviceExists: (id) => devices.get(id) !== undefined,
        history: reader,
        inTime: reader.inTime,
        now: clock.now,
      }),
      ...manySeriesRoutes({
        machines: () => devices.all().map(machineOf),
        history,
        untilCaughtUp: reader.untilCaughtUp,
        inTime: reader.inTime,
        now: clock.now,
      }),
    ],
    stop: () => stops.stop(),
  };
}

export type OpenHistory = Awaited<ReturnType<typeof openHistory>>;
