/** From a value to a step of the heat map's colours. */
import { meaningOf } from '#protocol/meaning.ts';

/** How many colours there are: the tokens `--heat-0` to `--heat-8`. */
export const HEAT_STEPS = 9;

export interface HeatScale {
  readonly low: number;
  readonly high: number;
  /** The step of a value, from 0. */
  step(value: number): number;
}

/** Rates differ by many times, so equal steps multiply them. Below the lowest, all is as good as idle. */
const IDLE_RATE = 1000;

/** The next of 1, 2, 5, 10, 20, 50 … from a number on. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 5, 10].find((each) => each * power >= value) ?? 10);
}

/**
 * The scale of a field whose largest value is `most`: percentages always from 0 to 100, so that a colour means the same
 * every day.
 */
export function heatScale(field: string, most: number): HeatScale {
  const unit = meaningOf(field).unit;
  if (unit === 'percent') return linear(100);
  if (unit === 'bytes_per_second') return logarithmic(IDLE_RATE, roundUp(Math.max(most, 10 * IDLE_RATE)));
  return linear(most > 0 ? roundUp(most) : 1);
}

const stepOf = (part: number) => Math.max(0, Math.min(HEAT_STEPS - 1, Math.floor(part * HEAT_STEPS)));

function linear(high: number): HeatScale {
  return { low: 0, high, step: (value) => stepOf(value / high) };
}

function logarithmic(low: number, high: number): HeatScale {
  const range = Math.log(high / low);
  return { low, high, step: (value) => (value <= low ? 0 : stepOf(Math.log(value / low) / range)) };
}
