/** Times as text. Moments are epoch milliseconds and are written in the reader's own time zone. */

import { HOUR, MINUTE, SECOND, span } from '#protocol/span.ts';

/**
 * What is wrong with a clock: `3 min behind`, `9459 d ahead`.
 * @param lackingMs what is to be added to its time, milliseconds: more than 0 for a clock that is behind
 */
export function clockError(lackingMs: number): string {
  return `${span(Math.abs(lackingMs))} ${lackingMs > 0 ? 'behind' : 'ahead'}`;
}

/** How long before `now`: `14 s ago`; `now` below two seconds. */
export function ago(t: number, now: number): string {
  const passed = now - t;
  return passed < 2 * SECOND ? 'now' : `${span(passed)} ago`;
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

const pad = (n: number) => String(n).padStart(2, '0');

/** `14:07:09` */
export function clock(t: number): string {
  const d = new Date(t);
  return `${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}`;
}

/** `14:07` */
export function hourMinute(t: number): string {
  const d = new Date(t);
  return `${pad(d.getHours())}:${pad(d.getMinutes())}`;
}

/** `22 Nov` */
export function dayMonth(t: number): string {
  return new Date(t).toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
}

/** `22 Nov 2026, 14:07:09`: a moment in full. */
export function moment(t: number): string {
  const date = new Date(t).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
  return `${date}, ${clock(t)}`;
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
  const [d, n] = [new Date(t), new Date(now)];
  if (d.toDateString() === n.toDateString()) return clock(t);
  if (d.getFullYear() === n.getFullYear()) return `${dayMonth(t)} ${hourMinute(t)}`;
  return moment(t);
}

/** `22 Nov 14:07 – 23 Nov 14:07`; with the years where they differ. */
export function between(from: number, to: number): string {
  const years = new Date(from).getFullYear() !== new Date(to).getFullYear();
  const say = (t: number) => `${dayMonth(t)}${years ? ` ${new Date(t).getFullYear()}` : ''} ${hourMinute(t)}`;
  return `${say(from)} – ${say(to)}`;
}
