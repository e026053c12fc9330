/**
 * The search for machines. Every word of it must be true of a machine: text that is somewhere in its name, host name,
 * address, system, id or tags; `tag:prod`, `os:debian` and `is:offline`; a comparison such as `cpu>80`. A minus before a
 * word turns it round, and quotes keep words together: `os:"debian 13"`.
 */
import type { Device } from '#protocol/api.ts';
import { fieldInfo } from '#protocol/fields.ts';
import type { State } from '../ui/state.ts';

/** The value of a field of the machine that is looked at; null or undefined where it has none. */
type ValueOf = (field: string) => number | null | undefined;
type Matches = (device: Device, stateOf: () => State, valueOf: ValueOf) => boolean;

export interface Search {
  /** Whether every word is true of the device. The state and values are asked for only where a word is about them. */
  readonly matches: (device: Device, stateOf: () => State, valueOf?: ValueOf) => boolean;
  /** What is wrong with words, as sentences. A wrong word matches nothing. */
  readonly problems: readonly string[];
  /** The fields that the search compares. */
  readonly fields: readonly string[];
}

const STATE_WORDS: Readonly<Record<string, (state: State, device: Device) => boolean>> = {
  online: (state) => state !== 'offline' && state !== 'waiting',
  offline: (state) => state === 'offline',
  waiting: (state) => state === 'waiting',
  stale: (state) => state === 'stale',
  alert: (state) => state === 'warning' || state === 'critical',
  warning: (state) => state === 'warning',
  critical: (state) => state === 'critical',
  maintenance: (_state, { maintenance }) => maintenance !== null,
};

/** What people call a field, and what it is called here. */
const FIELD_WORDS: Readonly<Record<string, string>> = { memory: 'ram', in: 'net_rx', out: 'net_tx' };

const OPERATORS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '=': (a, b) => a === b,
};
/** A field, a comparison and what it is compared with: `cpu>80`, `net_rx>=10Mbit`. */
const COMPARISON = /^([^<>=]+)(<=|>=|<|>|=)(.*)$/;
const NUMBER = /^(-?\d+(?:\.\d+)?)(k|m|g|t)?(i)?(%|b|bit)?(?:\/s)?$/;
const POWERS = { k: 1, m: 2, g: 3, t: 4 } as const;

/** `10M`, `1.5Gi`, `80%`, `100Mbit` → a number; undefined for what is none. */
function numberOf(text: string): number | undefined {
  const [, digits, prefix, binary, unit] = NUMBER.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const power = prefix === 'k' || prefix === 'm' || prefix === 'g' || prefix === 't' ? POWERS[prefix] : 0;
  const value = Number(digits) * (binary === undefined ? 1000 : 1024) ** power;
  // Rates are kept in bytes per second, and shown in bits.
  return unit === 'bit' ? value / 8 : value;
}

/** The words of a search; quotes keep what is between them together. */
export function wordsOf(search: string): string[] {
  return search.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? [];
}

const searchedTexts = new WeakMap<Device, string>();

/** What a plain word is looked for in. Kept for as long as the device stays as it is, as each key asks for thousands. */
function searchedText(device: Device): string {
  const known = searchedTexts.get(device);
  if (known !== undefined) return known;
  const { name, hostname, ip, os, tags, device_id } = device;
  const text = [name, hostname, ip, os, device_id, ...tags].join('\n').toLowerCase();
  searchedTexts.set(device, text);
  return text;
}

interface Parsed {
  readonly matches: Matches;
  readonly problem?: string;
  readonly field?: string;
}
const wrong = (problem: string): Parsed => ({ matches: () => false, problem });

function comparison(word: string): Parsed | undefined {
  const [, name = '', operator = '', text = ''] = COMPARISON.exec(word) ?? [];
  const compare = OPERATORS[operator];
  if (compare === undefined) return undefined;
  const field = FIELD_WORDS[name] ?? name;
  const limit = numberOf(text);
  if (limit === undefined)
    return wrong(`“${word}” compares with no number. Write for example cpu>80 or net_rx>10M.`);
  return {
    field,
    matches: (_device, _stateOf, valueOf) => {
      const value = valueOf(field);
      return value !== null && value !== undefined && compare(value, limit);
    },
  };
}

function stateWord(word: string, name: string): Parsed {
  const isSo = Object.hasOwn(STATE_WORDS, name) ? STATE_WORDS[name] : undefined;
  if (isSo !== undefined) return { matches: (device, stateOf) => isSo(stateOf(), device) };
  return wrong(`“${word}” is no state. There are is:${Object.keys(STATE_WORDS).join(', is:')}.`);
}

function parseWord(quoted: string): Parsed {
  const word = quoted.replaceAll('"', '');
  const colon = quoted.startsWith('"') ? -1 : word.indexOf(':');
  const [kind, rest] = [word.slice(0, colon), word.slice(colon + 1)];
  if (colon > 0 && kind === 'is') return stateWord(word, rest);
  if (colon > 0 && kind === 'tag')
    return rest === ''
      ? wrong('“tag:” is followed by a tag: tag:prod.')
      : { matches: ({ tags }) => tags.includes(rest) };
  if (colon > 0 && kind === 'os') return { matches: ({ os }) => os.toLowerCase().includes(rest) };
  return (
    (quoted.startsWith('"') ? undefined : comparison(word)) ?? {
      matches: (device) => searchedText(device).includes(word),
    }
  );
}

function parseSigned(word: string): Parsed {
  if (!word.startsWith('-') || word.length === 1) return parseWord(word);
  const { matches: isSo, ...rest } = parseWord(word.slice(1));
  if (rest.problem !== undefined) return { matches: isSo, ...rest };
  return { ...rest, matches: (...asked) => !isSo(...asked) };
}

const nothing: ValueOf = () => undefined;

export function parseSearch(search: string): Search {
  const words = wordsOf(search.toLowerCase()).map(parseSigned);
  return {
    matches: (device, stateOf, valueOf = nothing) =>
      words.every((word) => word.matches(device, stateOf, valueOf)),
    problems: words.flatMap(({ problem }) => problem ?? []),
    fields: words.flatMap(({ field }) => field ?? []),
  };
}

/** What a field of a search may be that no machine has: a slip, which is said where nothing is found. */
export function isUnknownField(field: string): boolean {
  return fieldInfo(field) === undefined;
}

/** The word with which a search finds exactly the machines with this tag. */
export function tagWord(tag: string): string {
  return `tag:${tag}`;
}

/** The search with the word added, or removed where it was there. */
export function toggledWord(search: string, word: string): string {
  const words = wordsOf(search);
  const rest = words.filter((one) => one !== word);
  return (rest.length < words.length ? rest : [...words, word]).join(' ');
}
