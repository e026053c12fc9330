/**
 * Markdown as a tree that a component draws. No HTML is ever made of a text: what looks like HTML in it is shown as it
 * was written, and a link or a picture that leads anywhere but to a web or mail address is plain text.
 */
import { Lexer, type MarkedToken, type Token, type Tokens } from 'marked';

export type Inline =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'strong' | 'em' | 'del'; readonly children: readonly Inline[] }
  | { readonly kind: 'link'; readonly href: string; readonly children: readonly Inline[] }
  | { readonly kind: 'break' };

export type Block =
  | { readonly kind: 'heading'; readonly level: number; readonly children: readonly Inline[] }
  | { readonly kind: 'paragraph'; readonly children: readonly Inline[] }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'quote'; readonly blocks: readonly Block[] }
  | { readonly kind: 'list'; readonly start: number | null; readonly items: readonly ListItem[] }
  | {
      readonly kind: 'table';
      readonly head: readonly Cell[];
      readonly rows: readonly (readonly Cell[])[];
    }
  | { readonly kind: 'rule' };

interface ListItem {
  /** Whether it is ticked; null for an item without a box. */
  readonly done: boolean | null;
  readonly blocks: readonly Block[];
}

interface Cell {
  readonly align: 'left' | 'center' | 'right';
  readonly children: readonly Inline[];
}

/** Texts that are nested deeper are shown as they were written. */
const DEEPEST = 12;
const SAFE_SCHEMES = ['http:', 'https:', 'mailto:'];

/** The address of a link as the browser reads it; undefined where it is none that may be followed. */
export function safeAddress(href: string): string | undefined {
  if (!URL.canParse(href)) return undefined;
  const url = new URL(href);
  return SAFE_SCHEMES.includes(url.protocol) ? url.href : undefined;
}

/** The text as blocks; a text that cannot be read is one block that shows it as it was written. */
export function readMarkdown(text: string): readonly Block[] {
  try {
    return withoutSkippedLevels(blocksOf(Lexer.lex(text, { gfm: true }), 0));
  } catch {
    return [{ kind: 'code', text }]; // Nested so deep that the parser gave up.
  }
}

/** Without extensions the parser makes no other tokens than its own. */
function isOwn(token: Token): token is MarkedToken {
  return token.type !== 'extension';
}

function blocksOf(tokens: readonly Token[], depth: number): Block[] {
  return tokens.filter(isOwn).flatMap((token) => blockOf(token, depth + 1));
}

function blockOf(token: MarkedToken, depth: number): Block[] {
  if (depth > DEEPEST) return [{ kind: 'code', text: token.raw }];
  switch (token.type) {
    case 'space':
    case 'def':
    case 'checkbox':
      return [];
    case 'heading':
      return [{ kind: 'heading', level: token.depth, children: inlinesOf(token.tokens, depth) }];
    case 'code':
      return [{ kind: 'code', text: token.text }];
    case 'hr':
      return [{ kind: 'rule' }];
    case 'blockquote':
      return [{ kind: 'quote', blocks: blocksOf(token.tokens, depth) }];
    case 'list':
      return [listOf(token, depth)];
    case 'table':
      return [tableOf(token, depth)];
    case 'html':
      return [{ kind: 'paragraph', children: [{ kind: 'text', text: token.text.trim() }] }];
    case 'paragraph':
    case 'text':
      return [{ kind: 'paragraph', children: inlinesOf(token.tokens ?? [token], depth) }];
    default:
      return [{ kind: 'paragraph', children: inlinesOf([token], depth) }];
  }
}

function listOf({ ordered, start, items }: Tokens.List, depth: number): Block {
  return {
    kind: 'list',
    start: ordered ? Number(start) || 1 : null,
    items: items.map(({ task, checked, tokens }) => ({
      done: task ? checked === true : null,
      blocks: blocksOf(tokens, depth),
    })),
  };
}

function tableOf({ header, rows }: Tokens.Table, depth: number): Block {
  const cells = (row: readonly Tokens.TableCell[]) =>
    row.map(({ align, tokens }) => ({ align: align ?? 'left', children: inlinesOf(tokens, depth) }));
  return { kind: 'table', head: cells(header), rows: rows.map(cells) };
}

function inlinesOf(tokens: readonly Token[], depth: number): Inline[] {
  return tokens.filter(isOwn).flatMap((token) => inlineOf(token, depth + 1));
}

function inlineOf(token: MarkedToken, depth: number): Inline[] {
  if (depth > DEEPEST) return [{ kind: 'text', text: token.raw }];
  switch (token.type) {
    case 'strong':
    case 'em':
    case 'del':
      return [{ kind: token.type, children: inlinesOf(token.tokens, depth) }];
    case 'codespan':
      return [{ kind: 'code', text: token.text }];
    case 'br':
      return [{ kind: 'break' }];
    case 'link':
      return linkOf(token.href, inlinesOf(token.tokens, depth));
    case 'image':
      // Pictures come from picture tiles: nothing is loaded from elsewhere.
      return linkOf(token.href, [{ kind: 'text', text: token.text || token.href }]);
    case 'checkbox':
      return [];
    case 'escape':
      return [{ kind: 'text', text: token.text }];
    case 'text':
      return token.tokens === undefined
        ? [{ kind: 'text', text: withCharacters(token.text) }]
        : inlinesOf(token.tokens, depth);
    default:
      return [{ kind: 'text', text: token.raw }];
  }
}

function linkOf(href: string, children: readonly Inline[]): Inline[] {
  const address = safeAddress(href);
  return address === undefined ? [...children] : [{ kind: 'link', href: address, children }];
}

const CHARACTERS: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&nbsp;': '\u00a0',
};

/** The parser leaves references to characters as they are. */
function withCharacters(text: string): string {
  return text.replace(/&(?:amp|lt|gt|quot|#39|nbsp);/g, (reference) => CHARACTERS[reference] ?? reference);
}

/** Headings for a screen reader: none is more than one level below the one before it. */
function withoutSkippedLevels(blocks: readonly Block[]): Block[] {
  let before = 0;
  return blocks.map((block) => {
    if (block.kind !== 'heading') return block;
    before = Math.min(block.level, before + 1);
    return { ...block, level: before };
  });
}
