/** Calls `pass`, a step of rolling up, at intervals, and again at once while more is due. */
import type { HistoryOptions } from '../server/history/history.ts';

export interface PassesOptions {
  /**
   * Resolves with the milliseconds until the next pass; undefined when nothing is due, then `everyMs` is
   * waited.
   */
  readonly pass: () => Promise<number | undefined>;
  readonly everyMs: number;
  readonly log: HistoryOptions['log'];
}

/** Starts the passes. `stop` ends them after the pass under way. */
export function startPasses({ pass, everyMs, log }: PassesOptions): { stop(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let stopped = false;
  let failing = false;

  async function run(): Promise<void> {
    let wait = everyMs;
    try {
      wait = (await pass()) ?? everyMs;
      failing = false;
    } catch (error) {
      if (!failing)
        log.warn(
          { err: error },
          'samples cannot be rolled up now; the journal keeps the late ones until they can',
        );
      failing = true;
    }
    if (!stopped) schedule(wait);
  }

  function schedule(ms: number): void {
    timer = setTimeout(() => {
      running = run();
    }, ms);
  }

  schedule(everyMs);
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
