/**
 * Numbers as text: two or three significant digits, with the unit apart, so that a page can draw it smaller and keep
 * the width fixed.
 */
import type { Unit } from './fields.ts';
import { meaningOf, type Meaning } from './meaning.ts';
import { isUnit } from './units.ts';

/** A value and its unit, to be drawn beside each other; `unit` may be empty. */
export interface Figure {
  readonly value: string;
  readonly unit: string;
}

/** The text for a missing number. */
export const NONE = '–';

export const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
export const DECIMAL_BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
export const BIT_UNITS = ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s', 'Pbit/s', 'Ebit/s'];
export const BYTE_RATE_UNITS = ['B/s', 'kB/s', 'MB/s', 'GB/s', 'TB/s', 'PB/s', 'EB/s'];
export const HERTZ_UNITS = ['Hz', 'kHz', 'MHz', 'GHz'];
export const COUNT_UNITS = ['', 'k', 'M', 'G', 'T', 'P', 'E'];

/** How figures are written. */
export interface FigureStyle {
  readonly decimal: '.' | ',';
  /** 1024 for GiB, 1000 for GB. */
  readonly byteBase: 1024 | 1000;
  readonly network: 'bits' | 'bytes';
  readonly temperature: 'celsius' | 'fahrenheit';
}

let style: FigureStyle = { decimal: '.', byteBase: 1024, network: 'bits', temperature: 'celsius' };

export const figureStyle = (): FigureStyle => style;

/** Sets how a page writes its figures, once, before it writes the first. The server keeps the style that stands above. */
export function styleFigures(chosen: FigureStyle): void {
  style = chosen;
}

/** A number as text, with the decimal sign of the language. */
export const decimal = (text: string) => (style.decimal === '.' ? text : text.replace('.', style.decimal));

/** A number with two digits after the point, one from 10 on, and none from 100 on: 0.04, 1.20, 12.3, 123. */
export function digits(value: number): string {
  const size = Math.abs(value);
  if (size >= 99.95) return value.toFixed(0);
  if (size === 0) return '0';
  return decimal(value.toFixed(size >= 9.995 ? 1 : 2));
}

function scaled(value: number, base: number, units: readonly string[]): Figure {
  let size = Math.abs(value);
  let step = 0;
  // 999.5 would be rounded to 1000 of this unit, so the next unit is taken.
  while (size >= (base === 1024 ? 1000 : 999.5) && step < units.length - 1) {
    size /= base;
    step++;
  }
  const signed = value < 0 ? -size : size;
  return { value: step === 0 ? signed.toFixed(0) : digits(signed), unit: units[step] ?? '' };
}

/** 0–100 → `7.3 %`, `42 %`: one digit after the point below ten. */
export function percent(value: number): Figure {
  const text = Math.abs(value) < 9.95 ? value.toFixed(1) : value.toFixed(0);
  return { value: decimal(text), unit: '%' };
}

/** Bytes → `3.21 GiB`. */
export function bytes(value: number): Figure {
  return bytesIn(value, style.byteBase);
}

/** Bytes in units of one base, whatever the style is: `3.21 TB`, `2.92 TiB`. */
export function bytesIn(value: number, base: 1024 | 1000): Figure {
  return scaled(value, base, base === 1024 ? BYTE_UNITS : DECIMAL_BYTE_UNITS);
}

/** Bytes per second of a network → `12.4 Mbit/s`. */
export function bitRate(bytesPerSecond: number): Figure {
  if (style.network === 'bytes') return byteRate(bytesPerSecond);
  return scaled(bytesPerSecond * 8, 1000, BIT_UNITS);
}

/** Bytes per second of a disk → `12.4 MB/s`. */
export function byteRate(bytesPerSecond: number): Figure {
  return scaled(bytesPerSecond, 1000, BYTE_RATE_UNITS);
}

/** A plain number: `0.42`, `312`, `1.2 k`. */
export function count(value: number): Figure {
  if (Number.isInteger(value) && Math.abs(value) < 10_000) return { value: String(value), unit: '' };
  return Math.abs(value) < 999.5 ? { value: digits(value), unit: '' } : scaled(value, 1000, COUNT_UNITS);
}

/** Seconds → `23.0 ms`, `45 s`, `12 min`, `3.4 h`, `12 d`. */
export function seconds(value: number): Figure {
  const size = Math.abs(value);
  if (size > 0 && size < 0.1) return { value: digits(value * 1000), unit: 'ms' };
  if (size < 90) return { value: digits(value), unit: 's' };
  if (size < 5400) return { value: digits(value / 60), unit: 'min' };
  if (size < 172_800) return { value: digits(value / 3600), unit: 'h' };
  return { value: digits(value / 86_400), unit: 'd' };
}

/** Milliseconds → `0.42 ms`, `12.0 ms`, `1.30 s`. */
function milliseconds(value: number): Figure {
  return Math.abs(value) < 999.5 ? { value: digits(value), unit: 'ms' } : seconds(value / 1000);
}

/** A number with a unit that has no larger one: `11.9 V`. */
const plain = (unit: string) => (value: number) => ({
  value: count(value).value,
  unit: `${count(value).unit}${unit}`,
});

/** Degrees Celsius → `61.5 °C`, `142.7 °F`. */
function temperature(celsius: number): Figure {
  const isCelsius = style.temperature === 'celsius';
  const value = isCelsius ? celsius : celsius * 1.8 + 32;
  return { value: decimal(value.toFixed(Math.abs(value) < 100 ? 1 : 0)), unit: isCelsius ? '°C' : '°F' };
}

/** Whether a field is a network rate: those are written in bits per second, other byte rates in bytes. */
export function isNetwork(field: string): boolean {
  return field.startsWith('net_') || field.startsWith('interface:');
}

const BY_UNIT: Record<Unit, (value: number) => Figure> = {
  percent,
  ratio: (value) => percent(value * 100),
  bytes,
  bytes_per_second: byteRate,
  per_second: plain('/s'),
  seconds,
  milliseconds,
  celsius: temperature,
  hertz: (value) => scaled(value, 1000, HERTZ_UNITS),
  volts: plain('V'),
  watts: plain('W'),
  rpm: plain('rpm'),
  count,
};

/** The function that writes a field's values. */
function formatOf(field: string, { unit }: Meaning): (value: number) => Figure {
  if (unit === undefined) return count;
  if (!isUnit(unit)) return plain(unit);
  return unit === 'bytes_per_second' && isNetwork(field) ? bitRate : BY_UNIT[unit];
}

/** A field's value, or a dash where there is none. `meaning`: what its machine says of it. */
export function figure(
  field: string,
  value: number | null | undefined,
  meaning: Meaning = meaningOf(field),
): Figure {
  if (value === null || value === undefined || !Number.isFinite(value)) return { value: NONE, unit: '' };
  return formatOf(field, meaning)(value);
}

/** A value and its unit as one text: `12.4 Mbit/s`. */
export function text(figure: Figure): string {
  return figure.unit === '' ? figure.value : `${figure.value} ${figure.unit}`;
}
