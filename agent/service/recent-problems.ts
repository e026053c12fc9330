/** Keeps the last warnings and errors of the log in memory, for `watchfloor-agent status`. */
import { errorText } from '#protocol/errors.ts';
import type { Log } from '../log.ts';

/** One warning or error of the log. */
export interface Problem {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly level: 'warn' | 'error';
  /** The message, with its details behind it. */
  readonly text: string;
}

/** So many are kept; older ones are only in the log. */
const MOST = 20;
const MOST_CHARS = 600;

function textOf(fields: object | string, message: string | undefined): string {
  if (typeof fields === 'string') return fields;
  const details = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]: [string, unknown]) =>
      value instanceof Error
        ? errorText(value)
        : `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
    );
  return [message ?? '', details.length > 0 ? `(${details.join(', ')})` : ''].join(' ').trim();
}

/** A log that writes to `log`, and what was warned of lately, the newest last. */
export function keepProblems(log: Log, now: () => number): { log: Log; recent: () => readonly Problem[] } {
  const kept: Problem[] = [];
  const keeping =
    (level: Problem['level']): Log['warn'] =>
    (fields, message) => {
      kept.push({ at: now(), level, text: textOf(fields, message).slice(0, MOST_CHARS) });
      if (kept.length > MOST) kept.shift();
      log[level](fields, message);
    };
  return {
    log: { debug: log.debug, info: log.info, warn: keeping('warn'), error: keeping('error') },
    recent: () => kept,
  };
}
