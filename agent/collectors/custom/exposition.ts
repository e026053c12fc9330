/**
 * Reads the text in which exporters give their metrics: Prometheus text 0.0.4, and OpenMetrics. A wrong line costs only
 * itself, and is named.
 *
 *     # HELP backup_bytes Size of the last backup.
 *     # TYPE backup_bytes gauge
 *     backup_bytes{target="nas"} 1.2e+09
 */

import { ownText } from './own-text.ts';

/** Label names and values, sorted by name. An empty value is the same as no label. */
export type Labels = readonly (readonly [name: string, value: string])[];

/** What `# TYPE`, `# HELP` and `# UNIT` say of a metric. */
export interface Family {
  readonly type?: string;
  readonly help?: string;
  readonly unit?: string;
}

/** A name with its labels, as the text has it. Kept from one reading to the next, as their texts are the same. */
export interface Series {
  /** The text of both, by which it is known. */
  readonly text: string;
  readonly name: string;
  readonly labels: Labels;
}

export interface Point {
  readonly series: Series;
  readonly value: number;
  /** Epoch milliseconds, where the line has a time. */
  readonly time: number | undefined;
}

export interface Exposition {
  readonly families: ReadonlyMap<string, Family>;
  readonly points: readonly Point[];
  /** The first lines that cannot be read, each with its number and the reason. */
  readonly problems: readonly string[];
  /** Whether the text does not stop within a line. */
  readonly isWhole: boolean;
}

/** Remembers series by their text. */
export type KnownSeries = Map<string, Series>;

const MOST_PROBLEMS = 3;
/** No exporter gives more; a text with more is read up to here. */
const MOST_POINTS = 20_000;
/** Past it, all that is remembered is dropped: series may come and go for ever. */
const MOST_KNOWN = 50_000;
/** So much of a comment is read. */
const MOST_COMMENT_CHARS = 4096;
/** Of a line that is shown to a person. */
const SHOWN_CHARS = 60;

const NAME = /^[A-Za-z_:][A-Za-z0-9_:.-]*$/;
/** A decimal number, as texts of metrics have it. */
export const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const NO_NUMBER = /^[+-]?(inf|infinity|nan)$/i;

class LineError extends Error {}

const isSpace = (char: string | undefined) => char === ' ' || char === '\t';

/** The place after spaces and tabs. */
function afterSpace(line: string, from: number): number {
  let at = from;
  while (isSpace(line[at])) at++;
  return at;
}

const unescaped = (text: string) =>
  text.includes('\\') ? text.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char)) : text;

/** The text in quotes that begin at `from`, and the place after them. */
function quoted(line: string, from: number): { text: string; end: number } {
  for (let at = line.indexOf('"', from + 1); at >= 0; at = line.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (line[at - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return { text: unescaped(line.slice(from + 1, at)), end: at + 1 };
  }
  throw new LineError('a quote does not end');
}

/** The place after the labels that begin with the brace at `from`. */
function labelsEnd(line: string, from: number): number {
  for (let at = from + 1; at < line.length; at++) {
    if (line[at] === '}') return at + 1;
    if (line[at] === '"') at = quoted(line, at).end - 1;
  }
  throw new LineError('the labels do not end');
}

/** A name without quotes that begins at `from`, up to one of `, = } "` or a space. */
function bareWord(text: string, from: number): string {
  let at = from;
  while (at < text.length && !',=}" \t'.includes(text[at] ?? '')) at++;
  return text.slice(from, at);
}

/** What is between the braces: labels, and in newer texts the metric's name in quotes. */
function parseLabels(text: string): { name: string | undefined; labels: Labels } {
  const labels = new Map<string, string>();
  let name: string | undefined;
  let at = afterSpace(text, 1);
  while (text[at] !== '}') {
    const isQuoted = text[at] === '"';
    const word = isQuoted
      ? quoted(text, at)
      : { text: bareWord(text, at), end: at + bareWord(text, at).length };
    if (word.text === '') throw new LineError('a label has no name');
    at = afterSpace(text, word.end);
    if (text[at] === '=') {
      at = afterSpace(text, at + 1);
      if (text[at] !== '"') throw new LineError(`the value of the label ${word.text} is not in quotes`);
      const value = quoted(text, at);
      if (labels.has(word.text)) throw new LineError(`the label ${word.text} is there twice`);
      labels.set(word.text, value.text);
      at = afterSpace(text, value.end);
    } else if (isQuoted && name === undefined) name = word.text;
    else throw new LineError(`the label ${word.text} has no value`);
    if (text[at] === ',') at = afterSpace(text, at + 1);
    else if (text[at] !== '}') throw new LineError('a comma is missing between labels');
  }
  const present = [...labels].filter(([, value]) => value !== '');
  return { name, labels: present.sort(([a], [b]) => (a < b ? -1 : 1)) };
}

/** `name`, `name{…}` or `{"name",…}`. */
function parseSeries(text: string): Series {
  const brace = text.indexOf('{');
  const before = (brace < 0 ? text : text.slice(0, brace)).trimEnd();
  const { name: inside, labels } =
    brace < 0 ? { name: undefined, labels: [] } : parseLabels(text.slice(brace));
  const name = before === '' ? inside : before;
  if (name === undefined || name === '' || (before !== '' && !NAME.test(name)))
    throw new LineError('a name is letters, digits, "_" and ":", and does not begin with a digit');
  return { text, name, labels };
}

/** NaN for what is no number that can be drawn: NaN itself, and the infinities. */
function parseNumber(text: string): number {
  if (NUMBER.test(text)) return Number(text);
  if (NO_NUMBER.test(text)) return NaN;
  throw new LineError(text === '' ? 'there is no value' : `"${text.slice(0, SHOWN_CHARS)}" is no number`);
}

/**
 * Milliseconds as Prometheus writes them, or seconds as OpenMetrics does: no time of this century is both.
 */
function parseTime(text: string): number {
  const time = parseNumber(text);
  return Math.abs(time) < 1e11 ? time * 1000 : time;
}

/** Where the value begins in a line that begins with a series. */
function seriesEnd(line: string): number {
  let at = 0;
  while (at < line.length && line[at] !== '{' && !isSpace(line[at])) at++;
  const brace = afterSpace(line, at);
  return line[brace] === '{' ? labelsEnd(line, brace) : at;
}

function parsePoint(line: string, known: KnownSeries): Point {
  const end = seriesEnd(line);
  const text = line.slice(0, end);
  let series = known.get(text);
  if (series === undefined) {
    series = parseSeries(ownText(text));
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(series.text, series);
  }
  // What follows a "#" is an exemplar.
  const hash = line.indexOf('#', end);
  const [value = '', time, ...more] = (hash < 0 ? line.slice(end) : line.slice(end, hash))
    .trim()
    .split(/[ \t]+/);
  if (more.length > 0) throw new LineError('there is more than a value and a time');
  return { series, value: parseNumber(value), time: time === undefined ? undefined : parseTime(time) };
}

/** The place after the word that begins at `from`, up to a space. */
function wordEnd(line: string, from: number): number {
  let at = from;
  while (at < line.length && !isSpace(line[at])) at++;
  return at;
}

/** The place after a name, in quotes or not, that begins at `from`; undefined where its quote does not end. */
function nameEnd(line: string, from: number): number | undefined {
  if (line[from] !== '"') return wordEnd(line, from);
  for (let at = from + 1; at < line.length; at++) {
    if (line[at] === '"') return at + 1;
    if (line[at] === '\\') at++;
  }
  return undefined;
}

/** `# TYPE name counter` and its like; another comment says nothing. Cut by hand: a pattern may take for ever. */
function readComment(line: string, families: Map<string, Family>): void {
  const from = afterSpace(line, 1);
  const keyword = line.slice(from, wordEnd(line, from));
  if (from === 1 || !['HELP', 'TYPE', 'UNIT'].includes(keyword)) return;
  const begin = afterSpace(line, from + keyword.length);
  const end = nameEnd(line, begin);
  if (end === undefined || end === begin) return;
  const rawName = ownText(line.slice(begin, end));
  const name = rawName.startsWith('"') ? unescaped(rawName.slice(1, -1)) : rawName;
  const rest = ownText(line.slice(end).trim());
  const family = families.get(name) ?? {};
  if (keyword === 'HELP') families.set(name, { ...family, help: unescaped(rest) });
  else if (keyword === 'TYPE') families.set(name, { ...family, type: rest.toLowerCase() });
  else families.set(name, { ...family, unit: rest });
}

/** `known`: the series of earlier readings of the same source, which are not parsed again. */
export function parseExposition(text: string, known: KnownSeries = new Map()): Exposition {
  const families = new Map<string, Family>();
  const points: Point[] = [];
  const problems: string[] = [];
  const isWhole = text === '' || text.endsWith('\n');
  let number = 0;
  for (let from = 0; from < text.length && points.length < MOST_POINTS;) {
    const next = text.indexOf('\n', from);
    const end = next < 0 ? text.length : next;
    const line = text.slice(from, end).trim();
    from = end + 1;
    number++;
    if (line === '') continue;
    if (line === '# EOF') return { families, points, problems, isWhole: true };
    if (line[0] === '#') {
      readComment(line.slice(0, MOST_COMMENT_CHARS), families);
      continue;
    }
    try {
      points.push(parsePoint(line, known));
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      if (problems.length < MOST_PROBLEMS) problems.push(`line ${number}: ${error.message}`);
    }
  }
  return { families, points, problems, isWhole };
}
