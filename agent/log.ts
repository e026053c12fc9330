/** Structured logs: one JSON object a line on standard output. */
import { pino, type Logger } from 'pino';

/** What a part may ask of the log. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const ignore = () => undefined;

export function createLog(level: LogLevel): Log {
  // Whoever reads the log may go away; that must not hold up or end the agent.
  if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', ignore);
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, process.stdout);
}
