/** Structured logs on standard output: each line is one JSON object. */
import { pino } from 'pino';
import type { Log, LogLevel } from '../types.ts';

const ignore = () => undefined;

/** Makes a log that writes entries of `level` and above. */
export function createLog(level: LogLevel): Log {
  // When the program that reads the log ends, writing fails; the server must keep running.
  if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', ignore);
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, process.stdout);
}
