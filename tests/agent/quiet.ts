/** A log that keeps its lines in memory for a test. */
import type { Log } from '../../agent/log.ts';

interface KeptLog extends Log {
  readonly lines: { readonly level: string; readonly text: string }[];
}

export function keptLog(): KeptLog {
  const lines: { level: string; text: string }[] = [];
  const keep =
    (level: string) =>
    (...parts: unknown[]) => {
      const text = parts.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(' ');
      lines.push({ level, text });
    };
  return { lines, debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') };
}
