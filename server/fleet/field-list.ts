/** [L6] The fields of one machine, grouped by kind and instance, for its page. */
import {
  KINDS_COUNTED,
  LISTED_FIELDS,
  SCALAR_KIND,
  type DeviceFieldsReply,
  type FieldKind,
  type ListedInstance,
  type MachineFields,
} from '#protocol/device-fields.ts';
import { fieldInfo, instanceField, parseInstanceField } from '#protocol/fields.ts';
import type { Values } from '#protocol/sample.ts';

/** Which instances are listed, and in which order. */
export interface FieldFilter {
  /** Absent: of every kind. */
  readonly kind?: string | undefined;
  /** Part of the name of the instance, or of one of its fields, whatever the case; empty: any. */
  readonly search: string;
  /** Only fields that are none of Watchfloor's agent. */
  readonly custom: boolean;
  /** The last part of a field's name: the instances with the highest values of it come first. Absent: by name. */
  readonly by?: string | undefined;
  readonly top: number;
}

interface Instance {
  readonly kind: string;
  readonly name: string;
  /** Whole names. */
  readonly fields: string[];
}

const byName = new Intl.Collator('en', { numeric: true });

/** Kind → instance → its fields. */
function grouped(names: Iterable<string>): Map<string, Map<string, Instance>> {
  const kinds = new Map<string, Map<string, Instance>>();
  for (const name of names) {
    const { kind, instance } = parseInstanceField(name) ?? { kind: SCALAR_KIND, instance: name };
    let instances = kinds.get(kind);
    if (instances === undefined) kinds.set(kind, (instances = new Map()));
    const known = instances.get(instance);
    if (known === undefined) instances.set(instance, { kind, name: instance, fields: [name] });
    else known.fields.push(name);
  }
  return kinds;
}

const isCustom = (field: string) => fieldInfo(field) === undefined;

function kindOf(kind: string, instances: readonly Instance[]): FieldKind {
  const all = instances.flatMap(({ fields }) => fields);
  const counts = new Map<string, number>();
  if (kind !== SCALAR_KIND)
    for (const name of all) {
      const field = name.slice(name.lastIndexOf(':') + 1);
      counts.set(field, (counts.get(field) ?? 0) + 1);
    }
  const fields = [...counts]
    .sort(([a, many], [b, more]) => more - many || byName.compare(a, b))
    .map(([field]) => field);
  return {
    kind,
    instances: instances.length,
    fields: fields.slice(0, LISTED_FIELDS),
    more: Math.max(0, fields.length - LISTED_FIELDS),
    custom: all.filter(isCustom).length,
  };
}

/** The order of the list: by value where the filter says so, those without one last; else, and among equals, by name. */
function inOrder(instances: readonly Instance[], { by }: FieldFilter, values: Values): Instance[] {
  const rank = ({ kind, name }: Instance) => {
    if (by === undefined) return 0;
    return values[kind === SCALAR_KIND ? name : instanceField(kind, name, by)] ?? Number.NEGATIVE_INFINITY;
  };
  const compare = (a: Instance, b: Instance) =>
    byName.compare(a.kind === b.kind ? a.name : a.kind, a.kind === b.kind ? b.name : b.kind);
  return instances
    .map((instance) => ({ instance, value: rank(instance) }))
    .sort((a, b) => (a.value === b.value ? compare(a.instance, b.instance) : b.value - a.value))
    .map(({ instance }) => instance);
}

function listed({ kind, name, fields }: Instance, values: Values): ListedInstance {
  const shown = fields.sort((a, b) => byName.compare(a, b)).slice(0, LISTED_FIELDS);
  return {
    kind,
    instance: name,
    fields: shown,
    more: fields.length - shown.length,
    values: shown.map((field) => values[field] ?? null),
    current: fields.some((field) => values[field] !== undefined),
  };
}

/** The instance with all fields where its name has the text, else with those fields whose names have it. */
function sought(instance: Instance, text: string): Instance {
  if (text === '' || instance.name.toLowerCase().includes(text)) return instance;
  const last = (field: string) => field.slice(field.lastIndexOf(':') + 1).toLowerCase();
  return { ...instance, fields: instance.fields.filter((field) => last(field).includes(text)) };
}

/**
 * @param values those of the newest sample
 * @param past further names, which only the history has
 */
export function listFields(
  values: Values,
  past: readonly string[],
  filter: FieldFilter,
): Pick<DeviceFieldsReply, 'kinds' | 'total' | 'instances'> {
  const kinds = grouped(new Set([...Object.keys(values), ...past]));
  const search = filter.search.toLowerCase();
  const asked = [...kinds]
    .filter(([kind]) => filter.kind === undefined || kind === filter.kind)
    .flatMap(([, instances]) => [...instances.values()])
    .map((instance) => sought(instance, search))
    .map((instance) => (filter.custom ? { ...instance, fields: instance.fields.filter(isCustom) } : instance))
    .filter(({ fields }) => fields.length > 0);
  return {
    // The kind of scalars begins with a dot, so that it comes first.
    kinds: [...kinds]
      .map(([kind, instances]) => kindOf(kind, [...instances.values()]))
      .sort((a, b) => (a.kind < b.kind ? -1 : 1)),
    total: asked.length,
    instances: inOrder(asked, filter, values)
      .slice(0, filter.top)
      .map((instance) => listed(instance, values)),
  };
}

/** FNV-1a of a text, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** The fields in short. In whatever order the names are, the summary is the same. */
export function summarizeFields(names: readonly string[]): MachineFields {
  const kinds = grouped(names);
  const scalars = [...(kinds.get(SCALAR_KIND)?.keys() ?? [])].filter((name) => !isCustom(name));
  kinds.delete(SCALAR_KIND);
  const counts = [...kinds]
    .map(([kind, instances]): [string, number] => [kind, instances.size])
    .sort((a, b) => b[1] - a[1])
    .slice(0, KINDS_COUNTED);
  return {
    version: names.reduce((sum, name) => sum + hashOf(name), 0),
    scalars: scalars.sort(),
    kinds: Object.fromEntries(counts),
    custom: names.filter(isCustom).length,
  };
}
