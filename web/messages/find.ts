/**
 * Which texts of a source file are messages, that is: text that people read.
 *
 * Components and modules are written in plain English. What is a message follows from where a text stands:
 *
 * - text between tags, with the expressions in it: `{shown} of {all} machines`;
 * - what an attribute in `READ` says, and a property of that name: `label: 'online'`;
 * - a string that an expression between tags shows: `{busy ? 'saving' : 'saved'}`;
 * - any string of a module whose name ends in `words.ts`, and both forms given to `plural`;
 * - elsewhere, a string that reads like a sentence, unless it is compared or handed to a function in `UNREAD_CALLS`;
 * - anything that is tagged: `` say`online` ``.
 */
import { parse } from 'svelte/compiler';

/** A message in its file. */
export interface Found {
  /** In English, with its values numbered: `{0} of {1} machines`. */
  readonly text: string;
  /** How it stands in the file. */
  readonly form: 'tagged' | 'string' | 'template' | 'markup' | 'attribute';
  /** Offsets of all of it in the file. */
  readonly start: number;
  readonly end: number;
  /** The text of it without the values, in order; a string has one piece. */
  readonly pieces: readonly Piece[];
}

interface Piece {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** A node above another, and the property that leads down to it. */
interface Step {
  readonly node: Node;
  readonly key: string;
}

/** Attributes and properties that say something to people. */
const READ = new Set(
  (
    'aria-label aria-description aria-roledescription title alt placeholder label labels title heading word words hint ' +
    'text sentence message does summary description empty confirm note caption legend'
  ).split(' '),
);
/** Attributes whose text is not for people, whatever it looks like. */
const UNREAD_ATTRIBUTES =
  /^(class|style|href|id|for|name|type|d|role|src|rel|value|data-.*|autocomplete|icon|generics)$/;
/** Properties whose text is not for people, in a module where every other string is. */
const UNREAD_PROPERTIES = /^(state|tone|kind|icon|colou?r)$/;
/** Elements whose text is the same in every language. */
const UNREAD_ELEMENTS = new Set(['kbd', 'code', 'pre', 'style', 'script', 'path', 'svg']);
/** Functions that do something with a string other than showing it. */
const UNREAD_CALLS =
  /^(resolve|asset|goto|fetch|matchMedia|querySelector|querySelectorAll|closest|matches|getItem|setItem|removeItem|addEventListener|removeEventListener|setAttribute|getAttribute|startsWith|endsWith|includes|indexOf|split|join|get|set|has|append|literal|enum|regex|createElement|getPropertyValue|DateTimeFormat|NumberFormat|URL|RegExp|Error|import|MediaQuery)$/;

/** The English of a message whose pieces are these. */
export function messageText(pieces: readonly string[]): string {
  return pieces.map((piece, i) => (i === 0 ? piece : `{${i - 1}}${piece}`)).join('');
}

/** What people do not read: `--chart-cpu`, `is:online`, `Mbit/s`, `a=1`, `web-*`, `M6 6h20`, `board-draft 3`. */
const CODE =
  /[<>[\]=|_\\]|--|[a-z]\(|px\b|^\S*[a-z][:/][a-z*]\S*$|^\S*[*:@]\S+$|^\S+[*]$|^M\d|^[a-z]+-[a-z-]+ |^\w+:$|\*, /;
/** Names of states, which decide a colour; where one is a word for people, it stands where it is shown. */
const STATES = /^(good|online|offline|warning|critical|stale|waiting)$/;
/** What the browser calls keys; they are compared with. */
const KEYS =
  /^(Alt|Arrow\w+|Backspace|CapsLock|Control|Delete|End|Enter|Escape|Home|Meta|Page\w+|Shift|Space|Tab)$/;
const CAPITALISED = /^["“(]?[A-Z](?:[a-z’']+(?![\w-])|\s)/;
const SEVERAL_WORDS = /[a-z]{2,}[,.…:;]? +[a-z(“‘0]|[0’”)] +[a-z]{2,}/;

/** Whether a string reads like a sentence or a part of one, with its values numbered. */
function readsLikeSentence(text: string): boolean {
  const words = text.replace(/\{\d+\}/g, '0').trim();
  return !KEYS.test(words) && (CAPITALISED.test(words) || SEVERAL_WORDS.test(words));
}

const hasLetter = (text: string) => /\p{L}/u.test(text.replace(/\{\d+\}/g, ''));

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function childrenOf(node: Node): (readonly [key: string, child: Node])[] {
  return Object.entries(node).flatMap(([key, value]) => {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.filter(isNode).map((child) => [key, child] as const);
  });
}

const nodesAt = (node: Node, key: string) =>
  childrenOf(node).flatMap(([at, child]) => (at === key ? [child] : []));
const textAt = (node: Node | undefined, key: string) => {
  const value = node?.[key];
  return typeof value === 'string' ? value : '';
};

/** `goto` of `goto(…)`, `get` of `map.get(…)` and `URL` of `new URL(…)`. */
function calleeName(node: Node): string {
  const [callee] = nodesAt(node, 'callee');
  const named = callee?.type === 'MemberExpression' ? nodesAt(callee, 'property')[0] : callee;
  return textAt(named, 'name');
}

/** The name of a property or an attribute: `label`, `aria-label`. */
function nameOf(node: Node): string {
  const [key] = nodesAt(node, 'key');
  return textAt(node, 'name') || textAt(key, 'name') || textAt(key, 'value');
}

/** Nodes that pass on what stands in them: their value is shown where theirs is. */
const PASSING: Readonly<Record<string, readonly string[]>> = {
  ConditionalExpression: ['consequent', 'alternate'],
  LogicalExpression: ['left', 'right'],
  ParenthesizedExpression: ['expression'],
  TSAsExpression: ['expression'],
  TSSatisfiesExpression: ['expression'],
  TemplateLiteral: ['expressions'],
};

/** What becomes of a string, by the nodes above it, from the nearest up. */
function useOf(above: readonly Step[]): 'shown' | 'unread' | 'any' {
  for (const { node, key } of above) {
    if (PASSING[node.type]?.includes(key)) continue;
    switch (node.type) {
      case 'ExpressionTag':
        continue;
      case 'Fragment':
        return 'shown';
      case 'Attribute':
        if (READ.has(nameOf(node))) return 'shown';
        return UNREAD_ATTRIBUTES.test(nameOf(node)) ? 'unread' : 'any';
      case 'Property':
      case 'PropertyDefinition':
        if (key === 'key' || UNREAD_PROPERTIES.test(nameOf(node))) return 'unread';
        return READ.has(nameOf(node)) ? 'shown' : 'any';
      case 'CallExpression':
      case 'NewExpression':
        if (calleeName(node) === 'plural') return 'shown';
        return UNREAD_CALLS.test(calleeName(node)) ? 'unread' : 'any';
      case 'BinaryExpression':
        return node['operator'] === '+' ? 'any' : 'unread';
      case 'SwitchCase':
        return key === 'test' ? 'unread' : 'any';
      case 'MemberExpression':
      case 'ImportDeclaration':
      case 'ImportExpression':
      case 'ExportNamedDeclaration':
      case 'ExportAllDeclaration':
      case 'EachBlock':
        return key === 'property' || key === 'source' || key === 'key' ? 'unread' : 'any';
      default:
        return 'any';
    }
  }
  return 'any';
}

/** Finds the messages of one file. */
class Finder {
  readonly found: Found[] = [];
  readonly #code: string;
  /** Whether every string of the file is for people. */
  readonly #words: boolean;

  constructor(path: string, code: string) {
    this.#code = code;
    this.#words = /words\.ts$/.test(path);
  }

  visit(node: Node, above: readonly Step[]): void {
    switch (node.type) {
      case 'Literal':
        return this.#string(node, above);
      case 'TemplateLiteral':
        this.#template(node, above);
        break;
      case 'TaggedTemplateExpression':
        return this.#tagged(node, above);
      case 'Fragment':
        if (!UNREAD_ELEMENTS.has(textAt(above[0]?.node, 'name')))
          this.#runs(nodesAt(node, 'nodes'), 'markup');
        break;
      case 'Attribute':
        if (UNREAD_ATTRIBUTES.test(nameOf(node))) break;
        this.#attribute(node);
        break;
      case 'StyleSheet':
      case 'TemplateElement':
        return;
    }
    if (node.type.startsWith('TS') && PASSING[node.type] === undefined && node.type !== 'TSNonNullExpression')
      return;
    for (const [key, child] of childrenOf(node)) this.visit(child, [{ node, key }, ...above]);
  }

  #isMessage(text: string, above: readonly Step[]): boolean {
    if (!hasLetter(text) || CODE.test(text)) return false;
    const use = useOf(above);
    if (use === 'unread') return false;
    if (use === 'shown') return true;
    return !STATES.test(text) && (this.#words || readsLikeSentence(text));
  }

  #string(node: Node, above: readonly Step[]): void {
    const text = textAt(node, 'value');
    if (!this.#isMessage(text, above)) return;
    // An attribute's string stands in its own quotes: `title="Close"`, which `#attribute` finds.
    const { start, end } = node;
    this.found.push({ text, form: 'string', start, end, pieces: [{ text, start, end }] });
  }

  #template(node: Node, above: readonly Step[]): void {
    const message = this.#templateMessage(node, 'template', node.start);
    if (this.#isMessage(message.text, above)) this.found.push(message);
  }

  #templateMessage(node: Node, form: Found['form'], start: number): Found {
    const pieces = nodesAt(node, 'quasis').map((quasi) => ({
      text: cooked(quasi),
      start: quasi.start,
      end: quasi.end,
    }));
    return { text: messageText(pieces.map(({ text }) => text)), form, start, end: node.end, pieces };
  }

  #tagged(node: Node, above: readonly Step[]): void {
    const [quasi] = nodesAt(node, 'quasi');
    if (quasi === undefined) return;
    if (textAt(nodesAt(node, 'tag')[0], 'name') === 'say')
      this.found.push(this.#templateMessage(quasi, 'tagged', node.start));
    for (const child of nodesAt(quasi, 'expressions'))
      this.visit(child, [{ node: quasi, key: 'expressions' }, ...above]);
  }

  #attribute(node: Node): void {
    const value = nodesAt(node, 'value');
    // An expression alone is looked into by itself.
    if (value.every(({ type }) => type !== 'Text')) return;
    const text = value.map((part) => (part.type === 'Text' ? textAt(part, 'data') : '{0}')).join('');
    if (CODE.test(text)) return;
    if (READ.has(nameOf(node)) || readsLikeSentence(text)) this.#runs(value, 'attribute');
  }

  /** Texts and the expressions among them, up to the next element or block, are one message. */
  #runs(nodes: readonly Node[], form: 'markup' | 'attribute'): void {
    let run: Node[] = [];
    const finish = () => {
      this.#run(run, form);
      run = [];
    };
    for (const node of nodes) {
      if (node.type === 'Text' || node.type === 'ExpressionTag') run.push(node);
      else if (node.type !== 'Comment') finish();
    }
    finish();
  }

  #run(nodes: readonly Node[], form: 'markup' | 'attribute'): void {
    const pieces: Piece[] = [];
    let at = nodes[0]?.start ?? 0;
    let text = '';
    let from = at;
    for (const node of nodes) {
      if (node.type === 'Text') text += textAt(node, 'data');
      else {
        pieces.push({ text, start: from, end: node.start });
        text = '';
        from = node.end;
      }
      at = node.end;
    }
    pieces.push({ text, start: from, end: at });
    const trimmed = trim(pieces, this.#code);
    const message = messageText(trimmed.map((piece) => piece.text));
    if (!hasLetter(message)) return;
    const [first, last] = [trimmed[0], trimmed.at(-1)];
    if (first === undefined || last === undefined) return;
    this.found.push({ text: message, form, start: first.start, end: last.end, pieces: trimmed });
  }
}

/** Pieces without the space around the whole, and with any space inside as one: that is how browsers show them. */
function trim(pieces: readonly Piece[], code: string): Piece[] {
  return pieces.map(({ text, start, end }, i) => {
    const raw = code.slice(start, end);
    const isFirst = i === 0;
    const isLast = i === pieces.length - 1;
    const before = isFirst ? raw.length - raw.trimStart().length : 0;
    const after = isLast ? raw.trimEnd().length : raw.length;
    const single = text.replace(/\s+/g, ' ');
    const shown =
      isFirst && isLast ? single.trim() : isFirst ? single.trimStart() : isLast ? single.trimEnd() : single;
    return { text: shown, start: start + before, end: Math.max(start + before, start + after) };
  });
}

function cooked(quasi: Node): string {
  const value = quasi['value'];
  const text = typeof value === 'object' && value !== null && 'cooked' in value ? value.cooked : '';
  return typeof text === 'string' ? text : '';
}

const OPEN = '<script lang="ts" module>';

/** The messages of a component or a module, in the order of their places. */
export function findMessages(path: string, code: string): readonly Found[] {
  const isComponent = path.endsWith('.svelte');
  // Svelte's parser reads TypeScript in a script, and a module is read as one.
  const source = isComponent ? code : `${OPEN}${code}</script>`;
  const root: unknown = parse(source, { modern: true });
  if (!isNode(root)) return [];
  const finder = new Finder(path, source);
  finder.visit(root, []);
  const shift = isComponent ? 0 : OPEN.length;
  return finder.found
    .map((found) => ({
      ...found,
      start: found.start - shift,
      end: found.end - shift,
      pieces: found.pieces.map((piece) => ({ ...piece, start: piece.start - shift, end: piece.end - shift })),
    }))
    .sort((a, b) => a.start - b.start);
}
