/** Axes: where their ticks are and how they are labelled. The unit is written once, beside the chart's title. */
import type { Unit } from '#protocol/fields.ts';
import { meaningOf } from '#protocol/meaning.ts';
import { isUnit } from '#protocol/units.ts';
import {
  BIT_UNITS,
  BYTE_RATE_UNITS,
  BYTE_UNITS,
  COUNT_UNITS,
  decimal,
  DECIMAL_BYTE_UNITS,
  figureStyle,
  HERTZ_UNITS,
  isNetwork,
} from '#protocol/figure.ts';
import { DAY, HOUR, MINUTE } from '#protocol/span.ts';
import { clock, dayMonth, hourMinute } from '../format/time.ts';
import { momentAt, OFFSET_STEP, offsetText, wallTime, type Zone } from '../format/zone.ts';
import { CLOCK_STEPS } from './range.ts';
import { say } from '../format/messages.ts';

export interface ValueAxis {
  /** The value at the upper edge. */
  readonly top: number;
  readonly ticks: readonly number[];
  readonly unit: string;
  readonly label: (value: number) => string;
}

interface Scale {
  readonly base: number;
  /** How many of the smallest of `units` one unit of the field is: 8 bits for a byte. */
  readonly factor: number;
  /** What is read where the field is 0: 32 for degrees Fahrenheit. */
  readonly zero?: number;
  readonly units: readonly string[];
}

const BYTES: Scale = { base: 1024, factor: 1, units: BYTE_UNITS };
const DECIMAL_BYTES: Scale = { base: 1000, factor: 1, units: DECIMAL_BYTE_UNITS };
const BITS: Scale = { base: 1000, factor: 8, units: BIT_UNITS };
const BYTE_RATE: Scale = { base: 1000, factor: 1, units: BYTE_RATE_UNITS };
const PLAIN: Scale = { base: 1000, factor: 1, units: COUNT_UNITS };
/** Units that are written as they are. */
const OTHERS: Readonly<Partial<Record<Unit, Scale>>> = {
  milliseconds: { ...PLAIN, units: ['ms', 's'] },
  hertz: { ...PLAIN, units: HERTZ_UNITS },
  volts: { ...PLAIN, units: ['V'] },
  watts: { ...PLAIN, units: ['W', 'kW'] },
  rpm: { ...PLAIN, units: ['rpm'] },
};
const CELSIUS: Scale = { ...PLAIN, units: ['°C'] };
const FAHRENHEIT: Scale = { ...PLAIN, factor: 1.8, zero: 32, units: ['°F'] };

/** Seconds, in the unit in which `most` of them are read. */
function timeScale(most: number): Scale {
  if (most < 0.1) return { ...PLAIN, factor: 1000, units: ['ms'] };
  if (most < 120) return { ...PLAIN, units: ['s'] };
  if (most < 2 * 3600) return { ...PLAIN, factor: 1 / 60, units: ['min'] };
  if (most < 2 * 86_400) return { ...PLAIN, factor: 1 / 3600, units: ['h'] };
  return { ...PLAIN, factor: 1 / 86_400, units: ['d'] };
}

/** `most`: the largest value that is shown. */
function scaleOf(field: string, most: number): Scale {
  const unit = meaningOf(field).unit;
  const { byteBase, network, temperature } = figureStyle();
  if (unit === 'bytes') return byteBase === 1024 ? BYTES : DECIMAL_BYTES;
  if (unit === 'bytes_per_second') return isNetwork(field) && network === 'bits' ? BITS : BYTE_RATE;
  if (unit === 'celsius') return temperature === 'celsius' ? CELSIUS : FAHRENHEIT;
  if (unit === 'percent') return { ...PLAIN, units: ['%'] };
  if (unit === 'per_second') return { ...PLAIN, units: COUNT_UNITS.map((size) => `${size}/s`) };
  if (unit === 'ratio') return { ...PLAIN, factor: 100, units: ['%'] };
  if (unit === 'seconds') return timeScale(most);
  if (unit === undefined) return PLAIN;
  return isUnit(unit)
    ? (OTHERS[unit] ?? PLAIN)
    : { ...PLAIN, units: COUNT_UNITS.map((size) => `${size}${unit}`) };
}

/** A round step that divides `size` into three or four: 1, 2, 2.5 or 5 times a power of ten. */
function niceStep(size: number, base: number): number {
  // Memory comes in powers of two.
  if (base === 1024) return 2 ** Math.ceil(Math.log2(size / 4) - 1e-9);
  const raw = size / 3;
  const power = 10 ** Math.floor(Math.log10(raw));
  const nice = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= raw * 0.999_999) ?? 10;
  return nice * power;
}

/** Multiples of `step` from `bottom` to `top`, both included where they fall on it. */
function multiples(step: number, bottom: number, top: number): number[] {
  const first = Math.ceil(bottom / step - 1e-9);
  const last = Math.floor(top / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

const short = (value: number) => decimal(String(Number(value.toPrecision(3))));

/**
 * The axis for a field whose largest shown value is `most`. `fixed` is the top where the field has one (100 %, or the
 * machine's memory); otherwise the top is the next round number from `most` up.
 */
export function valueAxis(field: string, most: number, fixed?: number): ValueAxis {
  // Values that are all 0 have an axis up to 1.
  const shown = fixed ?? (most > 0 ? most : 1);
  const scale = scaleOf(field, shown);
  const { zero = 0 } = scale;
  const own = shown * scale.factor + zero;
  let power = 0;
  while (power < scale.units.length - 1 && own / scale.base ** power >= scale.base) power++;
  const divisor = scale.base ** power / scale.factor;
  const unit = scale.units[power] ?? '';
  const size = shown / divisor + zero;
  const step = fixed === 100 ? 50 : niceStep(size, scale.base);
  const top = fixed === undefined ? Math.ceil(size / step - 1e-9) * step : size;
  const ticks = multiples(step, zero, top);
  // A fixed top has a tick of its own, unless the last round number is close to it.
  if (fixed !== undefined && top - (ticks.at(-1) ?? 0) > step * 0.3) ticks.push(top);
  return {
    top: (top - zero) * divisor,
    ticks: ticks.map((tick) => (tick - zero) * divisor),
    unit,
    label: (value) => short(value / divisor + zero),
  };
}

const TIME_STEPS = [10_000, 30_000, ...CLOCK_STEPS, 2 * DAY, 7 * DAY, 14 * DAY];

export interface TimeTick {
  readonly t: number;
  readonly label: string;
}

/** What clocks and calendars on the wall show is written as if it were UTC. */
const WALL = 'UTC';

interface Axis {
  readonly from: number;
  readonly to: number;
  readonly zone: Zone;
}

/** The first days of every `each` months in [from, to). */
function months({ from, to, zone }: Axis, each: number): TimeTick[] {
  const start = new Date(wallTime(zone, from));
  const found: TimeTick[] = [];
  for (let i = 0; ; i++) {
    const wall = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + i, 1);
    const { t } = momentAt(zone, wall);
    if (t >= to) return found;
    const month = new Date(wall).getUTCMonth();
    if (t < from || month % each !== 0) continue;
    const label =
      month === 0 ? String(new Date(wall).getUTCFullYear()) : dayMonth(wall, WALL).replace(/^1\.? /, '');
    found.push({ t, label });
  }
}

/** The beginnings of every `each` days in [from, to). */
function days({ from, to, zone }: Axis, each: number): TimeTick[] {
  const found: TimeTick[] = [];
  // Not 24 hours later: where the clocks change, a day has 23 or 25 of them, and may not begin at midnight.
  for (let wall = Math.floor(wallTime(zone, from) / DAY) * DAY; ; wall += DAY) {
    const { t } = momentAt(zone, wall);
    if (t >= to) return found;
    if (t >= from && (wall / DAY) % each === 0) found.push({ t, label: dayMonth(wall, WALL) });
  }
}

/**
 * The times in [from, to) at which the zone's clocks pass a multiple of `step` (less than a day). Where the clocks are
 * set forward they may pass one without showing it: 01:59 is followed by 03:00, which is the tick then. Where they are
 * set back they show one twice, and both ticks say which offset from UTC is theirs.
 */
function clockTicks({ from, to, zone }: Axis, step: number): TimeTick[] {
  const found: { t: number; wall: number; label: string }[] = [];
  const grain = Math.min(step, OFFSET_STEP);
  for (let t = Math.ceil(from / grain) * grain; t < to; t += grain) {
    const [before, now] = [wallTime(zone, t - grain), wallTime(zone, t)];
    const passes = Math.floor(before / step) < Math.floor(now / step);
    if (!passes && !(now < before && now % step === 0)) continue;
    const beginsDay = Math.floor(before / DAY) < Math.floor(now / DAY);
    const time = step < MINUTE ? clock(now, WALL) : hourMinute(now, WALL);
    found.push({ t, wall: now, label: beginsDay && to - from > 12 * HOUR ? dayMonth(now, WALL) : time });
  }
  const walls = found.map(({ wall }) => wall);
  return found.map(({ t, wall, label }) => {
    const isTwice = walls.indexOf(wall) !== walls.lastIndexOf(wall);
    return { t, label: isTwice ? `${label} ${offsetText(zone.offsetAt(t))}` : label };
  });
}

/** About `most` ticks at round times of the zone in [from, to). */
export function timeTicks(from: number, to: number, most: number, zone: Zone): TimeTick[] {
  const axis = { from, to, zone };
  const span = to - from;
  const step = TIME_STEPS.find((each) => span / each <= most);
  if (step === undefined) {
    const each = [1, 2, 3, 6, 12].find((count) => span / (count * 30 * DAY) <= most) ?? 12;
    return months(axis, each);
  }
  return step >= DAY ? days(axis, step / DAY) : clockTicks(axis, step);
}

/** An age as a label: `now`, `−15 s`, `−90 s`, `−1 min`. */
function age(ms: number): string {
  if (ms === 0) return say`now`;
  return ms % MINUTE === 0 ? `−${ms / MINUTE} min` : `−${ms / 1000} s`;
}

/** The ticks of a live chart, which reaches back `ms` milliseconds: by age, so that they never move. */
export function ageTicks(ms: number): TimeTick[] {
  const step = ms > 2 * MINUTE ? MINUTE : ms / 4;
  const count = Math.round(ms / step);
  return Array.from({ length: count + 1 }, (_, i) => ({ t: -i * step, label: age(i * step) })).reverse();
}
