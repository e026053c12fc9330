/** Structured logs: one JSON object a line on standard output. */
import { pino } from 'pino';
import type { Log } from '../types.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

const ignore = () => undefined;

export function createLog(level: LogLevel): Log {
  // Whoever reads the log may go away; that must not hold up or end the server.
  if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', ignore);
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, process.stdout);
}
