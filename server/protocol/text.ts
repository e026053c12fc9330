/**
 * [S6] Texts that a machine or a person chooses: host names, device names, mounts, user agents. They end up in
 * pages, Prometheus text, logs and messages, so they are cleaned once, where they arrive.
 */
import { z } from 'zod';

/** Text that needs no cleaning, which is nearly all text; this check is much faster than the others. */
const PLAIN = /^[!-~](?:[ -~]*[!-~])?$/;
/** Half of a character outside the basic plane; such text is not valid UTF-8, and Prometheus refuses it. */
const LONE_SURROGATE = /\p{Surrogate}/gu;
/** Control characters, and the two characters that break a line in JavaScript. */
const CONTROL = /[\p{Control}\u2028\u2029]+/gu;
/**
 * Characters that show nothing or turn the direction of what follows. Joiners and variation selectors are
 * kept, as Persian and emoji are written with them; `LEADING_JOINERS` finds those that join nothing.
 */
const INVISIBLE = /(?!\u200c|\u200d|\ufe0e|\ufe0f)[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}]/gu;
const LEADING_JOINERS = /(?<=^|\s)(?:\u200c|\u200d|\ufe0e|\ufe0f)+/gu;

/** [S6] A character that is not shown as itself, or changes how others are shown: one definition for all names. */
const UNSHOWN = new RegExp([LONE_SURROGATE, CONTROL, INVISIBLE].map(({ source }) => source).join('|'), 'gu');

export const hasUnshown = (text: string): boolean => text.search(UNSHOWN) >= 0;

/** The text with each unshown character, or control characters in a row, replaced. */
export const withoutUnshown = (text: string, replacement: string): string =>
  text.replace(UNSHOWN, replacement);

/** The text with each lone surrogate replaced by U+FFFD, so that it has a form in UTF-8. */
export function wellFormed(text: string): string {
  return text.replace(LONE_SURROGATE, '\ufffd');
}

/**
 * Makes text well-formed and harmless: a lone surrogate becomes U+FFFD, control characters become one space,
 * characters that are invisible or change the writing direction are removed, and so is space at both ends.
 * Letters of all scripts, right-to-left ones too, stay. Never longer than `text`; may be empty.
 */
export function cleanText(text: string): string {
  if (PLAIN.test(text)) return text;
  return wellFormed(text).replace(CONTROL, ' ').replace(INVISIBLE, '').replace(LEADING_JOINERS, '').trim();
}

/** Text of at most `maxChars` characters, cleaned. */
export const optionalText = (maxChars: number) => z.string().max(maxChars).overwrite(cleanText);

/** Text of 1 to `maxChars` characters, cleaned; text in which nothing can be seen is refused. */
export const text = (maxChars: number) => optionalText(maxChars).min(1);

/** Names of three letters that only some libraries know, each as another time: `IST` is India's, Ireland's or Israel's. */
const AMBIGUOUS_ZONE = /^(?:A[CEGR]|AS|B[ES]|C[ANST]|E[AC]|I[ES]|JS|MI|NE|NS|P[LNR]|PS|SS|VS)T$/i;

export function isTimeZone(name: string): boolean {
  if (AMBIGUOUS_ZONE.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** The name of a time zone: `Europe/Berlin`, `UTC`. */
export const timeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, 'is no time zone, such as Europe/Berlin or UTC');
