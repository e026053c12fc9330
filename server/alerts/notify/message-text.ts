/** A message as text, in the markup of a channel and within its length. */
import { alertSentence } from '#protocol/alert-words.ts';
import type { AlertLine, Message } from './message.ts';

/** How a channel writes text. */
export interface Markup {
  /** [S6] Makes the channel show a text as it is, whatever it holds: no mention, link, colour or tag. */
  readonly escape: (text: string) => string;
  /** Makes escaped text stand out. */
  readonly bold: (escaped: string) => string;
  /** Makes a link of escaped text. Undefined: the channel has none, so that addresses are written out. */
  readonly link?: (url: string, escaped: string) => string;
  /** What stands between lines; `\n` where it is left out. */
  readonly lineBreak?: string;
  /** How much of the channel's limit a text takes; where it is left out, its UTF-16 code units. */
  readonly size?: (text: string) => number;
}

export const PLAIN: Markup = { escape: (text) => text, bold: (text) => text };

/** For channels that show the address beside the text. */
export const PLAIN_BESIDE: Markup = { ...PLAIN, link: (_, text) => text };

/** The size of a text in bytes of UTF-8. */
export const bytesOf = (text: string) => Buffer.byteLength(text);

const MARKDOWN_SIGNS = /[\\`*_~|[\]<>#]/g;

/** [S6] Escapes Markdown, and keeps `@channel` and `@everyone` from calling anybody. */
export const escapeMarkdown = (text: string) =>
  text
    .replace(MARKDOWN_SIGNS, '\\$&')
    .replace(/^([-+=])/gm, '\\$1')
    .replace(/@(?=\w)/g, '@\u200b');

export const MARKDOWN: Markup = {
  escape: escapeMarkdown,
  bold: (text) => `**${text}**`,
  link: (url, text) => `[${text}](${url})`,
};

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** [S6] Escapes HTML, for text and for values of attributes. */
export const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);

export const HTML: Markup = {
  escape: escapeHtml,
  bold: (text) => `<b>${text}</b>`,
  link: (url, text) => `<a href="${escapeHtml(url)}">${text}</a>`,
};

const sizeIn = ({ size = (text: string) => text.length }: Markup, text: string) => size(text);

/** The first characters of a text that fit into `max` with an ellipsis, escaped. */
function cut(text: string, max: number, markup: Markup): string {
  const form = (length: number) => `${markup.escape(text.slice(0, length).trimEnd())}…`;
  let [fits, tooLong] = [0, text.length];
  while (tooLong - fits > 1) {
    const middle = Math.floor((fits + tooLong) / 2);
    if (sizeIn(markup, form(middle)) <= max) fits = middle;
    else tooLong = middle;
  }
  // Not between the halves of a character outside the basic plane.
  return form(/[\ud800-\udbff]$/.test(text.slice(0, fits)) ? fits - 1 : fits);
}

/** One line of text, escaped, of at most `max`; one that is too long ends with an ellipsis. */
export function lineOf(text: string, max: number, markup: Markup = PLAIN): string {
  const whole = markup.escape(text);
  return sizeIn(markup, whole) <= max ? whole : cut(text, max, markup);
}

/** One alert: what is wrong on which machine, since when, and what to do. */
function alertText(line: AlertLine, markup: Markup, withRunbook: boolean): string {
  const { escape, bold, link, lineBreak = '\n' } = markup;
  const machine = link === undefined ? escape(line.machine) : link(line.url, escape(line.machine));
  const what = `${bold(machine)}: ${escape(alertSentence(line.subject, line.reading))}`;
  const when = escape(`${line.alert.rule_name}, ${line.since}`);
  const status = line.status === '' ? [] : [escape(line.status)];
  const runbook = withRunbook && line.runbook !== '' ? [escape(line.runbook)] : [];
  return [what, when, ...status, ...line.details.map(escape), ...runbook].join(lineBreak);
}

/** Puts paragraphs under one another. */
const paragraphs = (parts: readonly string[], { lineBreak = '\n' }: Markup) =>
  parts.filter((part) => part !== '').join(lineBreak + lineBreak);

/** Refers to the page, where everything stands. */
function reference(words: string, url: string, { escape, link }: Markup): string {
  return link === undefined ? `${escape(words)}: ${url}` : link(url, escape(words));
}

/** What a template says, or what fits of it and where the rest stands. */
function ownTextOf(text: string, url: string, max: number, markup: Markup): string {
  const { escape, lineBreak = '\n' } = markup;
  const form = (part: string) => part.split('\n').join(lineBreak);
  const lines: Markup = { ...markup, escape: (part) => form(escape(part)) };
  if (sizeIn(markup, lines.escape(text)) <= max) return lines.escape(text);
  const rest = reference('cut here, all of it', url, markup);
  return paragraphs(
    [cut(text, max - sizeIn(markup, rest) - 2 * sizeIn(markup, lineBreak), lines), rest],
    markup,
  );
}

/** How many of the first parts fit into `max`, with what stands between them. */
function countFitting(parts: Iterable<string>, max: number, markup: Markup): number {
  const { lineBreak = '\n' } = markup;
  const between = sizeIn(markup, `-${lineBreak}${lineBreak}-`) - sizeIn(markup, '--');
  let [count, size] = [0, 0];
  for (const part of parts) {
    size += sizeIn(markup, part) + between;
    if (size > max) break;
    count++;
  }
  return count;
}

/** The texts of alerts, each made when it is needed: of thousands, few fit. */
function* alertTexts(lines: readonly AlertLine[], markup: Markup, withRunbook: boolean): Generator<string> {
  for (const line of lines) yield alertText(line, markup, withRunbook);
}

/**
 * A message as text of at most `max` (see `Markup.size`): as many alerts as fit, then how many more there are and where
 * they are listed. Nothing is left out silently. It ends with the address where the channel has no links.
 */
export function messageText(
  { lines, note, url, ownText }: Message,
  max: number,
  markup: Markup = PLAIN,
): string {
  if (ownText !== null) return ownTextOf(ownText, url, max, markup);
  const shownNote = markup.escape(note);
  const ending = (left: number, withRunbook: boolean) => {
    if (left > 0) return reference(`and ${left} more`, url, markup);
    if (!withRunbook) return reference('What to do', url, markup);
    if (lines.length === 0 && note === '') return reference('Open in Watchfloor', url, markup);
    return markup.link === undefined ? url : '';
  };
  const textWith = (shown: number, withRunbook: boolean) =>
    paragraphs(
      [
        shownNote,
        ...alertTexts(lines.slice(0, shown), markup, withRunbook),
        ending(lines.length - shown, withRunbook),
      ],
      markup,
    );
  const fits = (text: string) => sizeIn(markup, text) <= max;
  /** All alerts in this form, where they fit. */
  const whole = (withRunbook: boolean): string | undefined => {
    if (countFitting(alertTexts(lines, markup, withRunbook), max + 1000, markup) < lines.length)
      return undefined;
    const text = textWith(lines.length, withRunbook);
    return fits(text) ? text : undefined;
  };
  const hasRunbook = lines.some(({ runbook }) => runbook !== '');
  const full = whole(true) ?? (hasRunbook ? whole(false) : undefined);
  if (full !== undefined) return full;
  for (let shown = countFitting(alertTexts(lines, markup, true), max, markup); shown >= 0; shown--) {
    const text = textWith(Math.min(shown, lines.length - 1), true);
    if (lines.length > 0 && fits(text)) return text;
  }
  // Not even the note fits.
  return cut(`${lines.length} alerts: ${url}`, max, markup);
}
