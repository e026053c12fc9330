/** A piece of JSON text whose numbers change and whose everything else does not. */
import { readNumber, type Cursor } from './number-token.ts';

/** Text and numbers in turns: a run of text, a number, a run, … and a last run. */
export interface Pattern {
  /** All runs of text, one after the other. */
  readonly text: Uint8Array;
  /** Where each run ends in `text`. */
  readonly ends: readonly number[];
}

/** From `from` to `to` in a body; `numbers` are the spans of the numbers in it, in order. */
export function patternOf(
  body: Uint8Array,
  from: number,
  to: number,
  numbers: readonly { readonly from: number; readonly to: number }[],
): Pattern {
  const runs: Uint8Array[] = [];
  const ends: number[] = [];
  let at = from;
  let length = 0;
  for (const span of [...numbers, { from: to, to }]) {
    runs.push(body.subarray(at, span.from));
    length += span.from - at;
    ends.push(length);
    at = span.to;
  }
  return { text: Buffer.concat(runs, length), ends };
}

/**
 * Reads the pattern at `cursor.at`, its numbers into `numbers` in their order, and moves behind it; false where the
 * body has something else.
 */
export function readPattern(
  { text, ends }: Pattern,
  body: Uint8Array,
  cursor: Cursor,
  numbers: Float64Array,
): boolean {
  const last = ends.length - 1;
  let from = 0;
  for (let run = 0; run <= last; run++) {
    const end = ends[run] ?? 0;
    let at = cursor.at;
    while (from < end) if (body[at++] !== text[from++]) return false;
    cursor.at = at;
    if (run === last) break;
    if (!readNumber(body, cursor)) return false;
    numbers[run] = cursor.value;
  }
  return true;
}
