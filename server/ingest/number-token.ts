/** JSON numbers read where they stand, byte by byte: `JSON.parse` makes a string and an object of everything. */

const STRICT = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** Ten to the power of the index: exact, as every whole number of up to fifteen digits is. */
const TENS = Array.from({ length: 16 }, (_, power) => Number(`1e${power}`));
const [MINUS, PLUS, POINT, ZERO, NINE, UPPER_E, LOWER_E] = [45, 43, 46, 48, 57, 69, 101];

/** Where a reader stands in a body, and the last number it read. */
export interface Cursor {
  at: number;
  value: number;
}

const isDigit = (byte: number) => byte >= ZERO && byte <= NINE;

/**
 * Reads the number at `cursor.at` exactly as JSON.parse would and moves behind it; false when no JSON number stands
 * there, or one that is not told apart from what follows.
 */
export function readNumber(body: Uint8Array, cursor: Cursor): boolean {
  let at = cursor.at;
  let byte = body[at] ?? 0;
  const negative = byte === MINUS;
  if (negative) byte = body[++at] ?? 0;
  const first = at;
  let digits = 0;
  while (isDigit(byte)) {
    digits = digits * 10 + (byte - ZERO);
    byte = body[++at] ?? 0;
  }
  const whole = at - first;
  let decimals = 0;
  if (byte === POINT) {
    const point = at;
    byte = body[++at] ?? 0;
    while (isDigit(byte)) {
      digits = digits * 10 + (byte - ZERO);
      byte = body[++at] ?? 0;
    }
    decimals = at - point - 1;
    if (decimals === 0) return false;
  }
  if (whole === 0 || (whole > 1 && body[first] === ZERO)) return false;
  // Both are whole numbers below 2^53, so one division rounds as it should.
  if (whole + decimals > 15 || byte === LOWER_E || byte === UPPER_E) return readAny(body, cursor);
  const size = decimals === 0 ? digits : digits / (TENS[decimals] ?? 1);
  cursor.value = negative ? -size : size;
  cursor.at = at;
  return true;
}

/** The long and the exponential ones. */
function readAny(body: Uint8Array, cursor: Cursor): boolean {
  let end = cursor.at;
  for (;;) {
    const byte = body[end] ?? 0;
    const belongs = isDigit(byte) || [MINUS, PLUS, POINT, UPPER_E, LOWER_E].includes(byte);
    if (!belongs) break;
    end++;
  }
  const text = String.fromCharCode(...body.subarray(cursor.at, end));
  if (!STRICT.test(text)) return false;
  cursor.value = Number(text);
  cursor.at = end;
  return true;
}

/** Whether from `from` to `to` a number stands, and nothing else. */
export function isNumber(body: Uint8Array, from: number, to: number): boolean {
  const cursor = { at: from, value: 0 };
  return readNumber(body, cursor) && cursor.at === to;
}
