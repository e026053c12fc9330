/**
 * An interface whose counters grow as real ones do, in bursts, and what an agent samples of it with its own rates: at
 * full seconds, read some milliseconds after them, now and then not at all.
 */
import { networkFields } from '../../agent/collectors/network.ts';
import { createRates } from '../../agent/collectors/rates.ts';
import type { Sample } from '#protocol/sample.ts';

/** Numbers that look random and are the same in every run. */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

export interface Metered {
  readonly samples: readonly Sample[];
  /** What the counters grew by in the time that was sampled. */
  readonly grown: { readonly in: number; readonly out: number };
}

export interface Meter {
  /** The samples of an agent that runs from `from` to `to`, epoch milliseconds; it may be started again and again. */
  run(from: number, to: number): Metered;
}

export function createMeter(name: string, seed = 1): Meter {
  const next = dice(seed);
  const counters = { rx: 5e9, tx: 7e9 };
  let busy = 0;

  /** Lets the time of one second pass: long times with little, and transfers of minutes with much. */
  function second(part: number): void {
    if (next() < 0.002) busy = 60 + next() * 600;
    busy = Math.max(0, busy - part);
    const rate = busy > 0 ? 2e7 : 3e4;
    counters.tx += Math.round(rate * part * (0.5 + next()));
    counters.rx += Math.round((rate / 9) * part * (0.5 + next()));
  }

  return {
    run(from, to) {
      const rates = createRates();
      const samples: Sample[] = [];
      let begun: { rx: number; tx: number } | undefined;
      let last = { ...counters };
      let readAt = from;
      for (let t = from; t < to; t += 1000) {
        // The machine was too busy to take this sample.
        if (next() < 0.004) continue;
        const at = t + next() * 30;
        second((at - readAt) / 1000);
        readAt = at;
        rates.begin(at);
        const { rx, tx } = counters;
        const one = { rxBytes: rx, txBytes: tx, rxPackets: 0, txPackets: 0, errors: 0, drops: 0 };
        const fields = networkFields(rates, [{ name, ...one }], () => true);
        begun ??= { rx, tx };
        last = { rx, tx };
        samples.push({ t, values: { ...fields, cpu: 5 } });
      }
      const since = begun ?? last;
      return { samples, grown: { in: last.rx - since.rx, out: last.tx - since.tx } };
    },
  };
}
