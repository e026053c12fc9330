/** Structured logs: one JSON object a line on standard output. */
import { pino, type Logger } from 'pino';

/** What a part may ask of the log. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

const ignore = () => undefined;

export function createLog(level: LogLevel): Log {
  // Whoever reads the log may go away; that must not hold up or end the server.
  if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', ignore);
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, process.stdout);
}
