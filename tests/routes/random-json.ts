/** Random JSON values made from a JSON Schema, for the fuzzer. The same seed makes the same values. */
import { z } from 'zod';

export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly [T, ...T[]]): T;
}

/** The generator mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    chance: (probability) => next() < probability,
    pick: (list) => list[Math.floor(next() * list.length)] ?? list[0],
  };
}

/** The keywords of JSON Schema that the API's description uses. */
interface Schema {
  readonly type?: string | readonly string[] | undefined;
  readonly const?: unknown;
  readonly enum?: readonly unknown[] | undefined;
  readonly anyOf?: readonly Schema[] | undefined;
  readonly oneOf?: readonly Schema[] | undefined;
  readonly allOf?: readonly Schema[] | undefined;
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly additionalProperties?: Schema | boolean | undefined;
  readonly items?: Schema | boolean | undefined;
  readonly prefixItems?: readonly Schema[] | undefined;
  readonly minItems?: number | undefined;
  readonly minLength?: number | undefined;
  readonly maxLength?: number | undefined;
  readonly pattern?: string | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
}

export const jsonSchema: z.ZodType<Schema> = z.lazy(() =>
  z.looseObject({
    type: z.union([z.string(), z.array(z.string())]).optional(),
    const: z.unknown().optional(),
    enum: z.array(z.unknown()).optional(),
    anyOf: z.array(jsonSchema).optional(),
    oneOf: z.array(jsonSchema).optional(),
    allOf: z.array(jsonSchema).optional(),
    properties: z.record(z.string(), jsonSchema).optional(),
    required: z.array(z.string()).optional(),
    additionalProperties: z.union([z.boolean(), jsonSchema]).optional(),
    items: z.union([z.boolean(), jsonSchema]).optional(),
    prefixItems: z.array(jsonSchema).optional(),
    minItems: z.number().optional(),
    minLength: z.number().optional(),
    maxLength: z.number().optional(),
    pattern: z.string().optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
  }),
);

const TEXTS = [
  'a',
  'web-01',
  'target-1',
  'cpu',
  'UTC',
  '22:00',
  'core:0:cpu',
  'mount:*:used',
  'a text of some length',
  '2026-01-01T00:00:00Z',
  '10.0.0.1',
  '',
  ' ',
  '\ud800 half a character',
  'zero\u200bwidth \u202eright to left',
  'line\nbreak\u0000\u001b[31m',
  `'"; rm -rf / #`,
  '../../etc/passwd',
  '__proto__',
  'constructor',
  '=1+1',
  'x'.repeat(255),
  'ü'.repeat(5000),
] as const;
const NUMBERS = [0, 1, 2, 5, 60, 1.5, -1, 90, 1_000_000, 1_767_225_600_000, 8.64e15, 1e18, 1e308] as const;
const ODD_VALUES = [null, true, 0, -1, 1e308, '', 'x', [], {}, [[[]]], { constructor: 1 }, '\ud800'] as const;

function textOf({ pattern, minLength = 0, maxLength = Infinity }: Schema, random: Random): string {
  const allowed = TEXTS.filter(
    (text) =>
      text.length >= minLength &&
      text.length <= maxLength &&
      (pattern === undefined || new RegExp(pattern).test(text)),
  );
  const [first, ...rest] = allowed;
  return first === undefined ? 'x'.repeat(minLength) : random.pick([first, ...rest]);
}

function numberOf({ type, minimum = -Infinity, maximum = Infinity }: Schema, random: Random): number {
  const [first, ...rest] = NUMBERS.filter(
    (value) => value >= minimum && value <= maximum && (type !== 'integer' || Number.isSafeInteger(value)),
  );
  return first === undefined ? minimum : random.pick([first, ...rest]);
}

function objectOf(schema: Schema, random: Random): object {
  const { properties = {}, required = [], additionalProperties } = schema;
  const present = Object.entries(properties).filter(
    ([name]) => required.includes(name) || random.chance(0.5),
  );
  const entries = present.map(([name, each]): [string, unknown] => [name, valueOf(each, random)]);
  if (typeof additionalProperties === 'object')
    for (const name of TEXTS.filter(() => random.chance(0.15)))
      entries.push([name, valueOf(additionalProperties, random)]);
  return Object.fromEntries(entries);
}

function listOf({ items, prefixItems = [], minItems = 0 }: Schema, random: Random): unknown[] {
  const first = prefixItems.map((each) => valueOf(each, random));
  const more =
    typeof items !== 'object' ? 0 : Math.max(minItems, Math.floor(random.next() * 4)) - first.length;
  const rest = typeof items === 'object' ? items : {};
  return [...first, ...Array.from({ length: Math.max(0, more) }, () => valueOf(rest, random))];
}

/** A value that fits the schema, as far as its keywords say. */
export function valueOf(schema: Schema, random: Random): unknown {
  if ('const' in schema && schema.const !== undefined) return schema.const;
  const [choice, ...choices] = schema.enum ?? [];
  if (choice !== undefined) return random.pick([choice, ...choices]);
  const [branch, ...branches] = schema.anyOf ?? schema.oneOf ?? schema.allOf ?? [];
  if (branch !== undefined) return valueOf(random.pick([branch, ...branches]), random);
  const [type = 'anything', ...types] = [schema.type ?? []].flat();
  switch (random.pick([type, ...types])) {
    case 'object':
      return objectOf(schema, random);
    case 'array':
      return listOf(schema, random);
    case 'string':
      return textOf(schema, random);
    case 'number':
    case 'integer':
      return numberOf(schema, random);
    case 'boolean':
      return random.chance(0.5);
    case 'null':
      return null;
    default:
      return random.pick([...ODD_VALUES]);
  }
}

/** The value with something in it replaced, left out or added. */
export function spoiled(value: unknown, random: Random): unknown {
  if (random.chance(0.2) || typeof value !== 'object' || value === null) return random.pick([...ODD_VALUES]);
  if (Array.isArray(value)) {
    const index = Math.floor(random.next() * value.length);
    return [...value.slice(0, index), spoiled(value[index], random), ...value.slice(index + 1)];
  }
  const entries = Object.entries(value);
  const index = Math.floor(random.next() * entries.length);
  const [name, old] = entries[index] ?? ['unknown', null];
  const others = entries.filter((_, i) => i !== index);
  if (random.chance(0.2)) return Object.fromEntries(others);
  if (random.chance(0.2)) return Object.fromEntries([...entries, ['undocumented', 1]]);
  return Object.fromEntries([...others, [name, spoiled(old, random)]]);
}

/** A random text, as for a part of a path or a query parameter. */
export function anyText(random: Random): string {
  return random.pick([...TEXTS]);
}
