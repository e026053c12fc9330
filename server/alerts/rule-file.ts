/** Alert rules as a YAML file: what an export writes, and what an import would change. */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { isMap, isNode, isScalar, LineCounter, parseDocument, stringify, type Document } from 'yaml';
import { z } from 'zod';
import { alertRuleInFile, type AlertRule } from '#protocol/alerts.ts';
import { errorText } from '#protocol/errors.ts';

/** The one key of the file. */
const LIST = 'alert_rules';
const HEAD = `# Alert rules of Watchfloor. An import adds the rules that are not there, and replaces those with the same
# id, or else the same name. It removes none, and applies nothing where anything is wrong.
`;
/** More mistakes are counted, not listed. */
const MOST_MISTAKES = 200;

/** What is wrong at one place of the file. */
export interface Mistake {
  /** From 1. */
  readonly line: number;
  /** The part of the file: `alert_rules.3.condition.threshold`; empty for the whole of it. */
  readonly path: string;
  readonly message: string;
}
type FileRule = z.output<typeof alertRuleInFile>;
export type ReadFile =
  | { readonly rules: readonly FileRule[]; readonly mistakes?: undefined }
  | { readonly mistakes: readonly Mistake[]; readonly rules?: undefined };

/** The rule without what is so by default, so that people read only what it says. */
function tidy({ enabled, scope, overrides, runbook, why, condition, ...rest }: AlertRule): object {
  const lists = Object.entries(scope).filter(([, list]) => (list?.length ?? 0) > 0);
  return {
    ...rest,
    ...(enabled ? {} : { enabled }),
    ...(why === undefined || why === '' ? {} : { why }),
    ...(runbook === undefined || runbook === '' ? {} : { runbook }),
    ...(lists.length === 0 ? {} : { scope: Object.fromEntries(lists) }),
    condition,
    ...(overrides === undefined || overrides.length === 0 ? {} : { overrides }),
  };
}

/** The rules as a YAML file. */
export function rulesAsYaml(rules: readonly AlertRule[]): string {
  return HEAD + stringify({ [LIST]: rules.map(tidy) }, { lineWidth: 100, aliasDuplicateObjects: false });
}

type Path = readonly (string | number)[];

/** Where the part begins in the text; where the file does not have it, its nearest parent. */
function offsetOf(document: Document, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

/** Where a key begins in the text. */
function keyOffset(document: Document, path: Path, key: string): number {
  const map = path.length === 0 ? document.contents : document.getIn(path, true);
  if (!isMap(map)) return offsetOf(document, path);
  const found = map.items.find((pair) => isScalar(pair.key) && pair.key.value === key)?.key;
  return isNode(found) && found.range ? found.range[0] : offsetOf(document, path);
}

const partsOf = (path: readonly PropertyKey[]): Path =>
  path.map((part) => (typeof part === 'symbol' ? String(part) : part));

/** A mistake of each key that there is no such setting for, else one. */
function mistakesOf(document: Document, lines: LineCounter, issue: z.core.$ZodIssue): Mistake[] {
  const path = partsOf(issue.path);
  const at = (offset: number, where: Path, message: string): Mistake => ({
    line: lines.linePos(offset).line,
    path: where.join('.'),
    message,
  });
  if (issue.code !== 'unrecognized_keys') return [at(offsetOf(document, path), path, issue.message)];
  return issue.keys.map((key) => at(keyOffset(document, path, key), [...path, key], 'is no such setting'));
}

const ruleFile = z.strictObject({ [LIST]: z.array(alertRuleInFile).max(1000) });

/** Rules that are meant twice: the second is a mistake, as nobody knows which of them counts. */
function duplicates(rules: readonly FileRule[]): { readonly index: number; readonly message: string }[] {
  const seen = new Set<string>();
  return rules.flatMap(({ id, name }, index) => {
    const keys = [`name ${name}`, ...(id === undefined ? [] : [`id ${id}`])];
    const twice = keys.find((key) => seen.has(key));
    for (const key of keys) seen.add(key);
    return twice === undefined ? [] : [{ index, message: `is there twice in this file: ${twice}` }];
  });
}

/** Reads a file of rules: all of it, or all of its mistakes. */
export function readRuleFile(yaml: string): ReadFile {
  const lines = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: lines });
  if (document.errors.length > 0)
    return {
      mistakes: document.errors.slice(0, MOST_MISTAKES).map(({ message, linePos }) => ({
        line: linePos?.[0].line ?? 1,
        path: '',
        message: message.split('\n', 1)[0] ?? message,
      })),
    };
  let content: unknown;
  try {
    // Few aliases: a small file could stand for a very large one.
    content = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return { mistakes: [{ line: 1, path: '', message: errorText(error) }] };
  }
  const { data, error } = ruleFile.safeParse(content ?? {});
  if (data === undefined) {
    const mistakes = error.issues.flatMap((issue) => mistakesOf(document, lines, issue));
    return { mistakes: mistakes.toSorted((a, b) => a.line - b.line).slice(0, MOST_MISTAKES) };
  }
  const rules = data[LIST];
  const mistakes = duplicates(rules).map(({ index, message }) => ({
    line: lines.linePos(offsetOf(document, [LIST, index])).line,
    path: `${LIST}.${index}`,
    message,
  }));
  return mistakes.length > 0 ? { mistakes } : { rules };
}

export interface ImportPlan {
  readonly added: readonly AlertRule[];
  readonly changed: readonly { readonly rule: AlertRule; readonly parts: readonly string[] }[];
  readonly unchanged: readonly AlertRule[];
  /** Rules of the server that the file does not have; they stay. */
  readonly notInFile: readonly AlertRule[];
}

const PARTS = ['name', 'enabled', 'severity', 'scope', 'condition', 'overrides', 'runbook', 'why'] as const;

/** As a file would have it: what is empty is not there. */
function comparable(rule: AlertRule, part: (typeof PARTS)[number]): unknown {
  const value =
    part === 'scope' ? Object.entries(rule.scope).filter(([, list]) => (list?.length ?? 0) > 0) : rule[part];
  const isEmpty = value === '' || (Array.isArray(value) && value.length === 0);
  return isEmpty ? undefined : structuredClone(value);
}

/** What an import of the file's rules would do. A rule is found by its id, or else by its name. */
export function planImport(existing: readonly AlertRule[], inFile: readonly FileRule[]): ImportPlan {
  const added: AlertRule[] = [];
  const changed: { rule: AlertRule; parts: string[] }[] = [];
  const unchanged: AlertRule[] = [];
  const met = new Set<string>();
  for (const { id, ...rest } of inFile) {
    const open = existing.filter((rule) => !met.has(rule.id));
    const before = open.find((rule) => rule.id === id) ?? open.find((rule) => rule.name === rest.name);
    const rule: AlertRule = { ...rest, id: before?.id ?? id ?? randomUUID() };
    met.add(rule.id);
    if (before === undefined) {
      added.push(rule);
      continue;
    }
    const parts = PARTS.filter(
      (part) => !isDeepStrictEqual(comparable(before, part), comparable(rule, part)),
    );
    if (parts.length === 0) unchanged.push(before);
    else changed.push({ rule, parts });
  }
  return { added, changed, unchanged, notInFile: existing.filter(({ id }) => !met.has(id)) };
}
