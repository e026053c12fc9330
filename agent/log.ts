/**
 * Structured logs: one JSON object a line on standard output, in the form of the server's. Of its own, because the
 * library that the server uses costs 6 MB of private memory.
 */

const NUMBERS = { debug: 20, info: 30, warn: 40, error: 50, silent: Infinity } as const;
export type LogLevel = keyof typeof NUMBERS;
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const satisfies LogLevel[];

/** Says something, with what belongs to it by name. */
type Say = (fields: object | string, message?: string) => void;

/** What a part may ask of the log. */
export type Log = Readonly<Record<Exclude<LogLevel, 'silent'>, Say>>;

const ignore = () => undefined;

/** An error's own words and place, which JSON would leave out. */
function plain(_: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  return { type: value.name, message: value.message, stack: value.stack };
}

export function createLog(level: LogLevel, out: NodeJS.WritableStream = process.stdout): Log {
  // Whoever reads the log may go away; that must not hold up or end the agent.
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
