/**
 * The build step that makes messages translatable: every message that `find.ts` finds is tagged with `say`, which looks
 * it up in the page's language.
 *
 *     <p>{shown} of {all} machines</p>   →   <p>{say`${shown} of ${all} machines`}</p>
 *     label: 'Add a machine'             →   label: say`Add a machine`
 */
import { join } from 'node:path';
import MagicString from 'magic-string';
import type { Plugin } from 'vite';
import { findMessages, type Found } from './find.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SAY = join(import.meta.dirname, '..', 'src', 'format', 'messages.ts');
/** What the tag is called in the files that are changed, so that no name of theirs is in its way. */
const TAG = '__say';

/** What the server words and pages show; the server itself says it in English. */
const SHARED = /^server\/protocol\/(.*-words|fields|metric-name|span)\.ts$/;

/** Whether the messages of a file are translated, by its path from the repository's root. */
export function isTranslated(path: string): boolean {
  if (/\.d\.ts$|\/format\/messages\.ts$|\/push-worker\//.test(path)) return false;
  return SHARED.test(path) || /^web\/src\/.*\.(svelte|ts)$/.test(path);
}

const escaped = (text: string) => text.replace(/[\\`]|\$(?=\{)/g, '\\$&');

function tag(code: MagicString, { form, start, end, pieces }: Found): void {
  if (form === 'tagged') return;
  if (form === 'template') {
    code.appendLeft(start, TAG);
    return;
  }
  // `title="Go to {name}"` becomes an attribute with one expression, which has no quotes.
  if (form === 'attribute') code.remove(start - 1, start).remove(end, end + 1);
  const [open, close] = form === 'string' ? [`${TAG}\``, '`'] : [`{${TAG}\``, '`}'];
  code.appendRight(start, open).appendLeft(end, close);
  for (const piece of pieces) {
    if (piece.end > piece.start) code.update(piece.start, piece.end, escaped(piece.text) || ' ');
    // The braces of an expression between tags become those of a template.
    if (piece !== pieces.at(-1)) code.appendRight(piece.end, '$');
  }
}

/** A file's code with its messages tagged; undefined where it has none. */
export function tagMessages(path: string, source: string): MagicString | undefined {
  const found = findMessages(path, source).filter(({ form }) => form !== 'tagged');
  if (found.length === 0) return undefined;
  const code = new MagicString(source);
  for (const message of found) tag(code, message);
  const imported = `import { say as ${TAG} } from ${JSON.stringify(SAY)};`;
  const script = path.endsWith('.svelte') ? /<script\b[^>]*>/.exec(source) : undefined;
  if (script === null) code.prepend(`<script lang="ts">${imported}</script>\n`);
  else code.appendLeft(script === undefined ? 0 : script.index + script[0].length, imported);
  return code;
}

/** Tags the messages of the web app, before anything else reads its files. */
export function translatable(): Plugin {
  return {
    name: 'watchfloor-messages',
    enforce: 'pre',
    transform(source, id) {
      if (!id.startsWith(ROOT) || id.includes('?')) return null;
      const path = id.slice(ROOT.length + 1);
      if (!isTranslated(path)) return null;
      const code = tagMessages(path, source);
      return code === undefined ? null : { code: code.toString(), map: code.generateMap({ hires: true }) };
    },
  };
}
