/**
 * Structured logs: one JSON object per line on standard output, in the same form as the server's. The agent does not
 * use the server's log library, because that takes 6 MB of memory.
 */

const NUMBERS = { debug: 20, info: 30, warn: 40, error: 50, silent: Infinity } as const;
export type LogLevel = keyof typeof NUMBERS;
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const satisfies LogLevel[];

/** Logs a message, with named details before it or without. */
type Say = (fields: object | string, message?: string) => void;

/** One function for each level. */
export type Log = Readonly<Record<Exclude<LogLevel, 'silent'>, Say>>;

const ignore = () => undefined;

/** For JSON.stringify, which would write an Error as `{}`. */
function plain(_: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  return { type: value.name, message: value.message, stack: value.stack };
}

export function createLog(level: LogLevel, out: NodeJS.WritableStream = process.stdout): Log {
  // When the reader of a pipe goes away, the stream emits an error, which would end the agent without a listener.
  if (out.listenerCount('error') === 0) out.on('error', ignore);
  const at = (name: Exclude<LogLevel, 'silent'>): Say => {
    const number = NUMBERS[name];
    if (number < NUMBERS[level]) return ignore;
    return (first, message) => {
      const [fields, msg] = typeof first === 'string' ? [{}, first] : [first, message];
      const line = { level: number, time: new Date().toISOString(), ...fields, msg };
      out.write(`${JSON.stringify(line, plain)}\n`);
    };
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
