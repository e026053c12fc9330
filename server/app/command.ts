/** What the server's two commands, `server/main.ts` and `npm start`, have in common: how they end. */
import { readFileSync } from 'node:fs';
import { isatty } from 'node:tty';
import { errorText } from '#protocol/errors.ts';
import { ConfigError } from '../config/config.ts';
import { StartError } from '../state/data-folder.ts';
import type { Stops } from './stops.ts';

/** How often the command looks whether the npm that started it still runs, milliseconds. */
const LOOK_MS = 500;
/** After this time an ordered stop is given up and the process ends, milliseconds. */
const STOP_LIMIT_MS = 10_000;

/** Prints what the person has to correct, and ends the process with status 2. */
export function exitWithProblems(command: string, lines: readonly string[]): never {
  for (const line of lines) console.error(`${command}: ${line}`);
  process.exit(2);
}

/** Ends the process with the message of an error that the person can correct; throws every other error. */
export function exitWithError(command: string, error: unknown): never {
  if (error instanceof ConfigError) exitWithProblems(command, error.problems);
  if (error instanceof StartError) exitWithProblems(command, [error.message]);
  throw error;
}

/**
 * The ids of the processes that started this one: its parent and, where that is the shell of npm, npm. Both change
 * when the process ends.
 */
function starters(): string {
  const parent = process.ppid;
  try {
    if (!readFileSync(`/proc/${parent}/cmdline`, 'utf8').startsWith('sh\0-c\0')) return String(parent);
    const stat = readFileSync(`/proc/${parent}/stat`, 'utf8');
    // Behind the name, which stands in parentheses, come the state and the parent.
    return `${parent} ${stat.slice(stat.lastIndexOf(')')).split(' ', 3)[2]}`;
  } catch {
    // Outside of Linux there is no /proc; there the usual shell is replaced by the command that it runs.
    return String(parent);
  }
}

/**
 * Calls `onGone` when the npm that runs one of our scripts has ended. npm and its shell pass on some signals only,
 * and none when they are killed, so without this the server would go on with nobody to stop it.
 */
function watchNpm(onGone: () => void): void {
  if (process.env['npm_package_name'] !== 'watchfloor') return;
  const before = starters();
  const timer = setInterval(() => {
    if (starters() === before) return;
    clearInterval(timer);
    onGone();
  }, LOOK_MS);
  timer.unref();
}

/** Returns a function that says whether the terminal that the process was started in has been closed. */
function watchTerminal(): () => boolean {
  const terminals = [0, 1, 2].filter(isatty);
  return () => terminals.length > 0 && !terminals.some(isatty);
}

/**
 * Calls `stops` and ends the process when it is asked to stop: by SIGTERM or SIGINT, when its terminal is closed, or
 * when the npm that started it has ended. Only the first request counts, because for one Ctrl-C both the terminal
 * and npm send a signal.
 * @param onHangup called for a SIGHUP that does not come from a closed terminal; without it every SIGHUP stops
 */
export function endWhenAsked(command: string, stops: Stops, onHangup?: () => void): void {
  let ending = false;
  const end = () => {
    if (ending) return;
    ending = true;
    setTimeout(
      () => exitWithProblems(command, [`not everything stopped within ${STOP_LIMIT_MS / 1000} s; ended`]),
      STOP_LIMIT_MS,
    ).unref();
    stops.stop().then(
      () => process.exit(0),
      (error: unknown) => exitWithProblems(command, [errorText(error)]),
    );
  };
  const isTerminalClosed = watchTerminal();
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  process.on('SIGHUP', () => {
    if (onHangup === undefined || process.platform === 'win32' || isTerminalClosed()) end();
    else onHangup();
  });
  watchNpm(end);
}
