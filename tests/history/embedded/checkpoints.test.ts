import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Sample } from '#protocol/sample.ts';
import { createPacker } from '../../../server/history/embedded/packed.ts';
import {
  openSqliteHistory,
  type SqliteHistoryOptions,
} from '../../../server/history/embedded/sqlite-history.ts';
import { createLog } from '../../../server/app/log.ts';

const MINUTE = 60_000;
const BASE = Date.UTC(2026, 0, 5);
const MIB = 2 ** 20;
const MINUTES = 1200;
const DEVICES = 10;

/** One sample a minute: each is a row, and every few rows are a commit of some pages of 16 KiB. */
const samples: readonly Sample[] = Array.from({ length: MINUTES }, (_, minute) => ({
  t: BASE + minute * MINUTE,
  values: { cpu: minute % 100 },
}));
const batches = Array.from({ length: DEVICES }, (_, i) => ({ deviceId: `device-${i}`, samples }));

function openHistory(options: Partial<SqliteHistoryOptions> = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'checkpoints-'));
  const file = join(dir, 'history.db');
  const clock = { now: BASE + MINUTES * MINUTE };
  const log = createLog('silent');
  const retention = { raw_days: 30, minute_days: 90, quarter_days: 90 };
  const history = openSqliteHistory({
    file,
    log,
    retention,
    now: () => clock.now,
    tickMs: 20,
    ...options,
  });
  onTestFinished(() => {
    history.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const packer = createPacker();
  return {
    history,
    clock,
    write: (upTo: number) => history.write(packer.pack(batches, upTo)),
    walMiB: () => statSync(`${file}-wal`).size / MIB,
  };
}

// It is copied as soon as it has more than 16 MiB; the commit that made it so is in it.
const FEW_MIB = 20;

test('[I1] minutes that are stored without a pause leave a small write-ahead file, which a start reads in a moment', () => {
  const { history, clock, write, walMiB } = openHistory();
  write(1);
  clock.now += 3 * MINUTE;
  while (history.tick() && walMiB() < FEW_MIB);
  expect(walMiB()).toBeLessThan(FEW_MIB);
});

test('[I1] minutes that are stored early for want of memory leave a small write-ahead file too', () => {
  const { write, walMiB } = openHistory({ maxMemoryBytes: MIB });
  write(1);
  write(2);
  expect(walMiB()).toBeLessThan(FEW_MIB);
});

test('a write-ahead file that was copied is not copied again until something is stored', () => {
  const { history, clock, write } = openHistory();
  write(1);
  clock.now += 3 * MINUTE;
  let ticks = 0;
  while (history.tick()) expect(++ticks).toBeLessThan(MINUTES);
});
