/**
 * Messages in the language of the page.
 *
 * The English is in the source, and the build tags it with `say` (web/messages). The language is loaded once, before the
 * first component runs; choosing another one loads the page again. So nothing has to follow a change.
 */

export type Language = 'en' | 'de';

/** The translations by language; each is fetched only where it is used. */
const LOAD: Readonly<Record<Exclude<Language, 'en'>, () => Promise<{ default: Messages }>>> = {
  de: () => import('../../messages/de.json'),
};

/** Translations by their English; values are numbered: `{0} of {1} machines`. */
type Messages = Readonly<Record<string, string>>;

/** A translation, ready to be filled in: its texts, and between them which value comes. */
interface Sentence {
  readonly texts: readonly string[];
  readonly order: readonly number[];
}

const page: { language: Language; messages: Messages; sentences: WeakMap<TemplateStringsArray, Sentence> } = {
  language: 'en',
  messages: {},
  sentences: new WeakMap(),
};

/** The language of the page, for `Intl`. */
export function locale(): string {
  return page.language === 'de' ? 'de-DE' : 'en-GB';
}

/** Makes the page speak a language. Where its messages cannot be loaded it stays English. */
export async function speak(language: Language): Promise<void> {
  let messages: Messages = {};
  try {
    if (language !== 'en') messages = (await LOAD[language]()).default;
  } catch {
    return; // The server is away; the page itself says so.
  }
  page.language = language;
  page.messages = messages;
  page.sentences = new WeakMap();
}

function sentenceOf(english: TemplateStringsArray): Sentence {
  const key = english.map((text, i) => (i === 0 ? text : `{${i - 1}}${text}`)).join('');
  const parts = (page.messages[key] ?? key).split(/\{(\d+)\}/);
  return {
    texts: parts.filter((_, i) => i % 2 === 0),
    order: parts.filter((_, i) => i % 2 === 1).map(Number),
  };
}

/** The tag of a message: its text in the language of the page. A value that is missing is left out. */
export function say(english: TemplateStringsArray, ...values: readonly unknown[]): string {
  let sentence = page.sentences.get(english);
  if (sentence === undefined) {
    sentence = sentenceOf(english);
    page.sentences.set(english, sentence);
  }
  let said = sentence.texts[0] ?? '';
  for (const [i, value] of sentence.order.entries())
    said += String(values[value] ?? '') + (sentence.texts[i + 1] ?? '');
  return said;
}

const rules: { of: string; plural: Intl.PluralRules } = {
  of: 'en-GB',
  plural: new Intl.PluralRules('en-GB'),
};

/** One of two forms by a number: `` plural(n, `${n} machine`, `${n} machines`) ``. */
export function plural(n: number, one: string, other: string): string {
  if (rules.of !== locale()) Object.assign(rules, { of: locale(), plural: new Intl.PluralRules(locale()) });
  return rules.plural.select(n) === 'one' ? one : other;
}
