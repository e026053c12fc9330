/**
 * The journal, the feeder and the embedded history on one folder, as the server puts them together, with a clock
 * that the test moves.
 */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { createFeeder } from '../../server/history/feeder.ts';
import { createPacker } from '../../server/history/embedded/packed.ts';
import { openSqliteHistory, type SqliteHistory } from '../../server/history/embedded/sqlite-history.ts';
import { openJournal } from '../../server/history/journal/journal.ts';
import { systemClock } from '../../server/app/clock.ts';
import { createLog } from '../../server/app/log.ts';

const log = createLog('silent');

export interface Stack {
  readonly history: SqliteHistory;
  /** What administrators were told. */
  readonly notices: readonly string[];
  /** Stores one sample with the field `cpu` at the clock's time, waits until it is in the history, and ticks. */
  push(deviceId: string, cpu: number): Promise<void>;
  /** The times of the device's samples, once all of the journal is in the history. */
  times(deviceId: string, from: number, to: number): Promise<readonly number[]>;
  close(): Promise<void>;
}

/** @param now the clock, epoch milliseconds */
export async function openStack(dir: string, now: () => number): Promise<Stack> {
  const notices: string[] = [];
  const notice = (text: string) => notices.push(text);
  const history = openSqliteHistory({ file: join(dir, 'history.db'), log, notice, now, tickMs: 1000 });
  const { storedTo } = history;
  const clock = { ...systemClock, now };
  const journal = await openJournal({ dir: join(dir, 'journal'), log, notice, clock, storedTo, gatherMs: 0 });
  const packer = createPacker();
  const feeder = createFeeder({
    journal,
    history: { storedTo, write: async (batches, upTo) => history.write(packer.pack(batches, upTo)) },
    decode: ({ deviceId, arrived, payload }) => ({
      deviceId,
      samples: [{ t: arrived, values: { cpu: Number(Buffer.from(payload).toString()) } }],
    }),
    log,
    notice,
    clock: systemClock,
  });
  return {
    history,
    notices,
    async push(deviceId, cpu) {
      const t = now();
      const position = await journal.append({ deviceId, arrived: t, payload: Buffer.from(String(cpu)) });
      feeder.committed(position, { deviceId, samples: [{ t, values: { cpu } }] });
      await feeder.caughtUp();
      while (history.tick());
    },
    async times(deviceId, from, to) {
      await feeder.caughtUp();
      return history.timestamps(deviceId, from, to);
    },
    async close() {
      await feeder.stop();
      history.close();
      await journal.close();
    },
  };
}

/** Copies the folder of a running server: what the copy holds is what a kill -9 would leave. */
export async function copyRunning(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true });
}
