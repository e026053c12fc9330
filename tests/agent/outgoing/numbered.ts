/** Samples that a test tells apart by their number. */
import type { Sample } from '../../../agent/sampling/sample.ts';

const START = Date.UTC(2026, 0, 1);

export function sample(number: number): Sample {
  return { t: START + number * 1000, fields: { cpu: number } };
}

/** From `from` to `to`, the latter not included. */
export function samples(from: number, to: number): Sample[] {
  return Array.from({ length: to - from }, (_, index) => sample(from + index));
}

export function numbersOf(some: readonly Sample[]): number[] {
  return some.map(({ t }) => (t - START) / 1000);
}
