import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { findMessages } from '../../../web/messages/find.ts';
import { isTranslated, tagMessages } from '../../../web/messages/plugin.ts';
import { plural, say, speak } from '../../../web/src/format/messages.ts';

const inComponent = (code: string) => findMessages('Page.svelte', code).map(({ text }) => text);
const inModule = (code: string) => findMessages('page.ts', code).map(({ text }) => text);
const inScript = (code: string) => tagMessages('page.ts', code)?.toString().split(';').at(-1)?.trim();
const inMarkup = (code: string) => tagMessages('Page.svelte', code)?.toString().split('</script>\n').at(-1);

describe('what a message is', () => {
  it('text between tags is a message, up to the next element, with its expressions numbered', () => {
    expect(inComponent('<p>\n  {shown} of\n  {all} machines <b>now</b></p>')).toEqual([
      '{0} of {1} machines',
      'now',
    ]);
  });

  it('text without a letter, and what is code or a key of the keyboard, is none', () => {
    expect(inComponent('<p>{a} · {b}</p> <kbd>Esc</kbd> <code>npm start</code>')).toEqual([]);
  });

  it('an attribute that people read is a message, one that the browser reads is not', () => {
    expect(inComponent('<a class="Big link" href="/Fleet" aria-label="{name}, open">1</a>')).toEqual([
      '{0}, open',
    ]);
  });

  it('a string that an expression between tags shows is a message, whatever it looks like', () => {
    expect(inComponent("<p>{busy ? 'saving' : done && 'saved'} {f('one')}</p>")).toEqual(['saving', 'saved']);
  });

  it('a property such as a label is a message; a string that is compared or handed to the browser is not', () => {
    const code =
      "const a = { label: 'online', kind: 'online' }; if (b === 'Some text here') c.closest('A thing of it');";
    expect(inModule(code)).toEqual(['online']);
  });

  it('elsewhere in a script a sentence is a message, a word is not, and a tagged word is', () => {
    expect(
      inModule("const a = ['It ended.', `${n} of them`, 'word', say`word`, 'Enter', '--chart-cpu'];"),
    ).toEqual(['It ended.', '{0} of them', 'word']);
  });

  it('every string of a module of words is a message', () => {
    expect(findMessages('alert-words.ts', "const a = { above: 'above', state: 'good' };")).toHaveLength(1);
  });

  it('both forms given to plural are messages', () => {
    expect(inModule('plural(n, `${n} h`, `${n} hs`)')).toEqual(['{0} h', '{0} hs']);
  });
});

describe('the build', () => {
  it('tags strings and templates of a script', () => {
    expect(inScript("f({ label: 'It’s `on`' })")).toBe('f({ label: __say`It’s \\`on\\`` })');
    expect(inScript('f(`${a} of them`)')).toBe('f(__say`${a} of them`)');
  });

  it('makes text and its expressions between tags one tagged message', () => {
    expect(inMarkup('<p>{a} of {b} machines</p>')).toBe('<p>{__say`${a} of ${b} machines`}</p>');
    expect(inMarkup('<p title="Go to {a}">1</p>')).toBe('<p title={__say`Go to ${a}`}>1</p>');
  });

  it('leaves a file without messages as it is', () => {
    expect(tagMessages('page.ts', 'const a = 1;')).toBeUndefined();
  });
});

describe('what a page says', () => {
  afterEach(() => speak('en'));
  const alerts = (n: number) => say`Show ${n} more of ${9}`;

  it('a message is said in the language of the page, its values in the order of that language', async () => {
    expect(alerts(3)).toBe('Show 3 more of 9');
    await speak('de');
    expect(alerts(3)).toBe('3 weitere von 9 zeigen');
  });

  it('a message that has no translation is said in English, and a missing value is left out', async () => {
    await speak('de');
    expect(say`Nobody translates this ${undefined}…`).toBe('Nobody translates this …');
  });

  it('a plural follows the rules of the language', () => {
    expect([0, 1, 2].map((n) => plural(n, 'one', 'more'))).toEqual(['more', 'one', 'more']);
  });
});

describe('the German', () => {
  const ROOT = join(import.meta.dirname, '..', '..', '..');
  const german = z
    .record(z.string(), z.string())
    .parse(JSON.parse(readFileSync(join(ROOT, 'web/messages/de.json'), 'utf8')));
  const messages = new Set(
    ['web/src', 'server/protocol']
      .flatMap((folder) =>
        readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map(
          (file) => `${folder}/${file}`,
        ),
      )
      .map((path) => path.replaceAll('\\', '/'))
      .filter((path) => isTranslated(path))
      .flatMap((path) => findMessages(path, readFileSync(join(ROOT, path), 'utf8')).map(({ text }) => text)),
  );
  const values = (text: string) => [...text.matchAll(/\{\d+\}/g)].map(([value]) => value).sort();

  it('every message of the web app has its German in web/messages/de.json', () => {
    expect([...messages].filter((text) => german[text] === undefined)).toEqual([]);
  });

  it('web/messages/de.json holds no German that nobody says', () => {
    expect(Object.keys(german).filter((text) => !messages.has(text))).toEqual([]);
  });

  it('the German of a message has the same values as the English, each once', () => {
    const wrong = Object.entries(german).filter(([from, to]) => values(from).join() !== values(to).join());
    expect(wrong).toEqual([]);
  });
});
