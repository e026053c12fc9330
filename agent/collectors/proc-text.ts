/** Finds numbers in the texts of /proc without splitting them into lines: most of a text is not needed. */

/**
 * The number behind a label at the beginning of a line; undefined where no line has it.
 *
 *     numberAfter('a 1\nctxt 230 4\n', 'ctxt ') // 230
 */
export function numberAfter(text: string, label: string, from = 0): number | undefined {
  const start = placeAfter(text, label, from);
  if (start < 0) return undefined;
  const value = Number.parseInt(text.slice(start, start + MOST_DIGITS), 10);
  return Number.isNaN(value) ? undefined : value;
}

/** Spaces and the digits of a number of 64 bits. */
const MOST_DIGITS = 40;

function placeAfter(text: string, label: string, from: number): number {
  if (from === 0 && text.startsWith(label)) return label.length;
  const found = text.indexOf(`\n${label}`, from);
  return found < 0 ? -1 : found + 1 + label.length;
}

/**
 * Reads texts such as /proc/net/snmp, in which a line of names is followed by a line of numbers:
 *
 *     Udp: InDatagrams NoPorts InErrors
 *     Udp: 19507 0 2
 *
 * The names are split again only when they have changed, which they do not while a kernel runs.
 *
 * @param label what both lines begin with, `Udp:`
 */
export function createColumns(label: string): (text: string) => (name: string) => number | undefined {
  let header = '';
  let places = new Map<string, number>();
  const begin = `${label} `;
  const lineAt = (text: string, start: number) => {
    const end = text.indexOf('\n', start);
    return text.slice(start, end < 0 ? text.length : end);
  };
  return (text) => {
    const start = text.startsWith(begin) ? 0 : text.indexOf(`\n${begin}`) + 1;
    const names = lineAt(text, start);
    const numbers = lineAt(text, start + names.length + 1);
    if (!names.startsWith(begin) || !numbers.startsWith(begin)) return () => undefined;
    if (names !== header) {
      header = names;
      places = new Map(names.split(' ').map((name, place) => [name, place]));
    }
    const values = numbers.split(' ');
    return (name) => {
      const place = places.get(name);
      const value = place === undefined ? NaN : Number(values[place]);
      return Number.isNaN(value) ? undefined : value;
    };
  };
}
