/**
 * Loaded into the attacked server by `--import`: prints a line for each time that its event loop stood still for
 * longer than STALL_MS. Nothing else of the server is changed.
 */
import { isMainThread } from 'node:worker_threads';

const TICK_MS = 10;
const STALL_MS = 30;

if (isMainThread) {
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    const stoodMs = now - last - TICK_MS;
    last = now;
    if (stoodMs > STALL_MS) console.log(`the event loop stood still for ${Math.round(stoodMs)} ms`);
  }, TICK_MS).unref();
}
