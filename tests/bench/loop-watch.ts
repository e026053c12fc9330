/**
 * Loaded into a server before its own code (`node --import`): writes down how long its event loop was busy without a
 * pause, a line `<epoch ms> <ms>` for each time over 5 ms, to the file that BENCH_LOOP_FILE names. The time is that of
 * the processor for the main thread alone, so that other processes of a busy machine do not count.
 */
import { appendFileSync, closeSync, openSync, readSync } from 'node:fs';

const LOOK_EVERY_MS = 1;
const WRITTEN_FROM_MS = 5;

const file = process.env['BENCH_LOOP_FILE'];
// Its threads, such as that of the history, load this too, and have main threads of their own.
const stat = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
const buffer = Buffer.alloc(64);

/** Milliseconds that the main thread has run so far. */
function ranMs(): number {
  const length = readSync(stat, buffer, 0, buffer.length, 0);
  return Number(buffer.toString('latin1', 0, length).split(' ')[0]) / 1e6;
}

if (file === undefined) closeSync(stat);
else {
  let before = ranMs();
  setInterval(() => {
    const now = ranMs();
    const busy = now - before;
    before = now;
    if (busy > WRITTEN_FROM_MS) appendFileSync(file, `${Date.now()} ${busy.toFixed(1)}\n`);
  }, LOOK_EVERY_MS).unref();
}
