/** The units in which a rule's numbers are typed. */
import { meaningOf } from '#protocol/meaning.ts';
import { figure, text } from '#protocol/figure.ts';
import { isUnit } from '#protocol/units.ts';
import type { Draft, PartDraft } from './draft.ts';

const UNITS = {
  percent: '%',
  ratio: 'from 0 to 1',
  bytes: 'bytes',
  bytes_per_second: 'bytes per second',
  per_second: 'per second',
  seconds: 'seconds',
  milliseconds: 'ms',
  celsius: '°C',
  hertz: 'Hz',
  volts: 'V',
  watts: 'W',
  rpm: 'rpm',
  count: '',
} as const;

/** The unit of a field's values: `%`; empty where it has none. */
export function unitOf(metric: string): string {
  const known = meaningOf(metric.trim()).unit;
  if (known === undefined) return '';
  return isUnit(known) ? UNITS[known] : known;
}

/** The unit of the thresholds. */
export function thresholdUnit(kind: Draft['kind'], { metric, per, kind: partKind }: PartDraft): string {
  if (kind === 'forecast') return 'hours';
  if (kind === 'clock') return 'seconds';
  if (partKind === 'deviation' || kind === 'deviation') return 'times the usual';
  const unit = unitOf(metric);
  const isRate = (kind === 'change' || partKind === 'change') && per === 'second';
  return isRate ? `${unit} a second`.trim() : unit;
}

/** A label with its unit: `Threshold, %`. */
export const withUnit = (label: string, unit: string) => (unit === '' ? label : `${label}, ${unit}`);

/** A number of bytes is hard to read, so it is written below the input with its usual unit. */
export function inWords(metric: string, value: number | null): string | undefined {
  return value === null || !unitOf(metric).startsWith('bytes')
    ? undefined
    : text(figure(metric.trim(), value));
}
