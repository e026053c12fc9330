/** Gives the tiers time: a pass now and then, and another one at once while more is due. */
import type { HistoryOptions } from '../server/history/history.ts';

export interface PassesOptions {
  /** Until the next one in ms; undefined: nothing is due. */
  readonly pass: () => Promise<number | undefined>;
  readonly everyMs: number;
  readonly log: HistoryOptions['log'];
}

/** @returns what ends them after the pass under way. */
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
          'samples are not rolled up now; the journal keeps what is late until they are',
        );
      failing = true;
    }
    if (!stopped) again(wait);
  }

  function again(ms: number): void {
    timer = setTimeout(() => {
      running = run();
    }, ms);
  }

  again(everyMs);
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
