/** Where things stand in JSON text that is known to be valid and to have no escapes in it. */

/** Byte offsets, the end not included. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

const [QUOTE, COMMA, COLON] = [34, 44, 58];
const OPEN = new Set([123, 91]);
const CLOSE = new Set([125, 93]);
const SPACE = new Set([32, 9, 10, 13]);

/** The first place from `at` on that is no space. */
export function skipSpace(text: Uint8Array, at: number): number {
  while (SPACE.has(text[at] ?? 0)) at++;
  return at;
}

/** The end of the value that begins at `at`. */
function endOf(text: Uint8Array, at: number): number {
  let depth = 0;
  for (;;) {
    if (at >= text.length) return at;
    const byte = text[at] ?? 0;
    if (byte === QUOTE) {
      at = text.indexOf(QUOTE, at + 1) + 1;
      if (depth === 0) return at;
      continue;
    }
    if (OPEN.has(byte)) depth++;
    else if (CLOSE.has(byte)) {
      if (depth === 0) return at;
      depth--;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (byte === COMMA || SPACE.has(byte))) return at;
    at++;
  }
}

/** The span of the value that begins at `at`. */
export function spanAt(text: Uint8Array, at: number): Span {
  return { from: at, to: endOf(text, at) };
}

/** The members of the object that begins at `at`: names and the spans of their values, in order. */
export function membersAt(text: Buffer, at: number): (readonly [string, Span])[] {
  const members: (readonly [string, Span])[] = [];
  at = skipSpace(text, at + 1);
  while (text[at] === QUOTE) {
    const close = text.indexOf(QUOTE, at + 1);
    const name = text.toString('utf8', at + 1, close);
    const colon = skipSpace(text, close + 1);
    const from = skipSpace(text, text[colon] === COLON ? colon + 1 : colon);
    const to = endOf(text, from);
    members.push([name, { from, to }]);
    at = skipSpace(text, to);
    if (text[at] === COMMA) at = skipSpace(text, at + 1);
  }
  return members;
}
