/** Times as text. Moments are epoch milliseconds, and are written in the zone and the clock that the reader chose. */
import { HOUR, MINUTE, SECOND, span } from '#protocol/span.ts';
import { locale, say } from './messages.ts';

/** How times are written. */
export interface TimeStyle {
  /** A named zone; undefined is the browser's own. */
  readonly zone: string | undefined;
  readonly clock: '24' | '12';
}

const style: { zone: string | undefined; clock: '24' | '12'; formats: Map<string, Intl.DateTimeFormat> } = {
  zone: undefined,
  clock: '24',
  formats: new Map(),
};

/** Sets how a page writes its times, once, before it writes the first. */
export function styleTimes({ zone, clock: hours }: TimeStyle): void {
  Object.assign(style, { zone, clock: hours, formats: new Map() });
}

/** The zone that times are written in, for what is placed by the hour or the day: the axes of charts. */
export function timeZone(): string {
  return style.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Making a format takes longer than using it, so each is made once. */
function write(t: number, name: string, options: Intl.DateTimeFormatOptions, zone = style.zone): string {
  const key = `${name} ${zone}`;
  let format = style.formats.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(locale(), { ...options, timeZone: zone });
    style.formats.set(key, format);
  }
  return format.format(t);
}

const hours = (): Intl.DateTimeFormatOptions =>
  style.clock === '24' ? { hour: '2-digit', hourCycle: 'h23' } : { hour: 'numeric', hourCycle: 'h12' };

/**
 * What is wrong with a clock: `3 min behind`, `9459 d ahead`.
 * @param lackingMs what is to be added to its time, milliseconds: more than 0 for a clock that is behind
 */
export function clockError(lackingMs: number): string {
  const off = span(Math.abs(lackingMs));
  return lackingMs > 0 ? `${off} behind` : `${off} ahead`;
}

/** How long before `now`: `14 s ago`; `now` below two seconds. */
export function ago(t: number, now: number): string {
  const passed = now - t;
  return passed < 2 * SECOND ? say`now` : `${span(passed)} ago`;
}

/** Seconds of uptime → its two largest units: `12 d 4 h`, `4 h 7 min`, `7 min`. */
export function uptime(s: number): string {
  const days = Math.floor(s / 86_400);
  const hours = Math.floor((s % 86_400) / 3600);
  const minutes = Math.floor((s % 3600) / 60);
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min` : `${Math.floor(s)} s`;
}

/** `14:07:09` */
export function clock(t: number, zone?: string): string {
  return write(t, 'clock', { ...hours(), minute: '2-digit', second: '2-digit' }, zone);
}

/** `14:07` */
export function hourMinute(t: number, zone?: string): string {
  return write(t, 'hourMinute', { ...hours(), minute: '2-digit' }, zone);
}

/** `22 Nov` */
export function dayMonth(t: number, zone?: string): string {
  return write(t, 'dayMonth', { day: 'numeric', month: 'short' }, zone);
}

/** `Monday` */
export function weekday(t: number): string {
  return write(t, 'weekday', { weekday: 'long' });
}

/** `22 Nov 2026` */
function fullDate(t: number): string {
  return write(t, 'fullDate', { day: 'numeric', month: 'short', year: 'numeric' });
}

const year = (t: number) => write(t, 'year', { year: 'numeric' });

/** `22 Nov 2026, 14:07:09`: a moment in full. */
export function moment(t: number): string {
  return `${fullDate(t)}, ${clock(t)}`;
}

/**
 * A moment as exactly as its data, which come every `stepMs`: `14:07:09`, or `14:07` from a minute on. The date is
 * added where the view spans more than 12 hours.
 */
export function instant(t: number, { spanMs, stepMs }: { spanMs: number; stepMs: number }): string {
  const time = stepMs < MINUTE ? clock(t) : hourMinute(t);
  return spanMs > 12 * HOUR ? `${dayMonth(t)} ${time}` : time;
}

/** A moment seen from `now`: `14:07:09` today, `22 Nov 14:07` this year, else with the year. */
export function when(t: number, now: number): string {
  if (fullDate(t) === fullDate(now)) return clock(t);
  return year(t) === year(now) ? `${dayMonth(t)} ${hourMinute(t)}` : moment(t);
}

/** `22 Nov 14:07 – 23 Nov 14:07`; with the years where they differ. */
export function between(from: number, to: number): string {
  const date = year(from) === year(to) ? dayMonth : fullDate;
  return `${date(from)} ${hourMinute(from)} – ${date(to)} ${hourMinute(to)}`;
}
