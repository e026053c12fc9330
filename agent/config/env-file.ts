/**
 * A service's settings: lines of `NAME=value`, as systemd reads an EnvironmentFile. A value may stand in quotes; a line
 * that begins with `#` or `;` is a comment.
 */
import { readIfThere } from '../data-folder/data-folder.ts';

const LINE = /^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*)$/;

function unquoted(text: string): string {
  const value = text.trim();
  const [, quote, inner] = /^(["'])(.*)\1$/.exec(value) ?? [];
  if (inner === undefined) return value;
  return quote === '"' ? inner.replace(/\\(["\\$`])/g, '$1') : inner;
}

/** The names and values of the file's text. What is no such line is left out. */
export function parseEnvFile(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const [, name, value] = LINE.exec(line) ?? [];
    if (name !== undefined && value !== undefined) values[name] = unquoted(value);
  }
  return values;
}

/** The names and values of the file at `path`; none where there is no such file. @throws any other error */
export const readEnvFile = (path: string) => parseEnvFile(readIfThere(path) ?? '');

/** A value as it has to stand in the file. @throws where it holds a line's end */
function quoted(value: string): string {
  if (/[\n\r\0]/.test(value)) throw new Error('a value of the settings must not hold a line’s end');
  if (/^[A-Za-z0-9_@%+=:,./?&~-]*$/.test(value)) return value;
  return `"${value.replace(/["\\$`]/g, '\\$&')}"`;
}

/** The text with these names set. Other lines, comments too, stay as they are. */
export function withValues(text: string, values: Readonly<Record<string, string>>): string {
  const left = new Map(Object.entries(values));
  const lines = text.split('\n').map((line) => {
    const [, name = ''] = LINE.exec(line) ?? [];
    const value = left.get(name);
    if (value === undefined) return line;
    left.delete(name);
    return `${name}=${quoted(value)}`;
  });
  while (lines.at(-1) === '') lines.pop();
  for (const [name, value] of left) lines.push(`${name}=${quoted(value)}`);
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
