/**
 * Field names: how one measured number is called everywhere (wire, journal, history, alerts, charts).
 *
 * A scalar is a plain word: `cpu`. A number that belongs to one of several instances is
 * `kind:instance:field`: `core:0:cpu`, `mount:/var:used`, `interface:eth0:rx`. A kind and a field never
 * contain a colon; an instance may, so a name is split at its first and its last colon.
 */

export type Unit = 'percent' | 'bytes' | 'bytes_per_second' | 'per_second' | 'seconds' | 'celsius' | 'count';

export interface FieldInfo {
  readonly unit: Unit;
  readonly label: string;
}

/**
 * The scalars that Watchfloor's agent sends. Any other numeric field is stored as it is and has no unit.
 */
export const SCALARS = {
  cpu: { unit: 'percent', label: 'CPU' },
  cpu_user: { unit: 'percent', label: 'CPU, user' },
  cpu_system: { unit: 'percent', label: 'CPU, system' },
  cpu_iowait: { unit: 'percent', label: 'CPU, waiting for disk' },
  cpu_steal: { unit: 'percent', label: 'CPU, stolen by the host' },
  load1: { unit: 'count', label: 'Load, 1 min' },
  load5: { unit: 'count', label: 'Load, 5 min' },
  load15: { unit: 'count', label: 'Load, 15 min' },
  ram: { unit: 'percent', label: 'Memory' },
  mem_used_bytes: { unit: 'bytes', label: 'Memory used' },
  mem_available_bytes: { unit: 'bytes', label: 'Memory available' },
  mem_cached_bytes: { unit: 'bytes', label: 'Memory, cache' },
  mem_total_bytes: { unit: 'bytes', label: 'Memory total' },
  swap: { unit: 'percent', label: 'Swap' },
  swap_used_bytes: { unit: 'bytes', label: 'Swap used' },
  swap_total_bytes: { unit: 'bytes', label: 'Swap total' },
  /** The fullest local filesystem. */
  disk: { unit: 'percent', label: 'Disk, fullest' },
  disk_read: { unit: 'bytes_per_second', label: 'Disk read' },
  disk_write: { unit: 'bytes_per_second', label: 'Disk write' },
  net_rx: { unit: 'bytes_per_second', label: 'Received' },
  net_tx: { unit: 'bytes_per_second', label: 'Sent' },
  processes: { unit: 'count', label: 'Processes' },
  processes_running: { unit: 'count', label: 'Processes running' },
  uptime_s: { unit: 'seconds', label: 'Uptime' },
} as const satisfies Record<string, FieldInfo>;

/** The instances' fields that Watchfloor's agent sends, by kind. */
export const INSTANCES = {
  core: { cpu: { unit: 'percent', label: 'CPU' } },
  mount: {
    used: { unit: 'percent', label: 'Used' },
    used_bytes: { unit: 'bytes', label: 'Used' },
    total_bytes: { unit: 'bytes', label: 'Size' },
    inodes: { unit: 'percent', label: 'Inodes used' },
  },
  interface: {
    rx: { unit: 'bytes_per_second', label: 'Received' },
    tx: { unit: 'bytes_per_second', label: 'Sent' },
    errors: { unit: 'per_second', label: 'Errors' },
  },
  disk: {
    read: { unit: 'bytes_per_second', label: 'Read' },
    write: { unit: 'bytes_per_second', label: 'Write' },
    busy: { unit: 'percent', label: 'Busy' },
  },
  sensor: { celsius: { unit: 'celsius', label: 'Temperature' } },
} as const satisfies Record<string, Record<string, FieldInfo>>;

const scalarInfo: ReadonlyMap<string, FieldInfo> = new Map(Object.entries(SCALARS));
const instanceInfo: ReadonlyMap<string, FieldInfo> = new Map(
  Object.entries(INSTANCES).flatMap(([kind, fields]) =>
    Object.entries(fields).map(([field, info]): [string, FieldInfo] => [`${kind}:${field}`, info]),
  ),
);

/** The most fields of one sample. */
export const FIELDS_PER_SAMPLE = 4000;

/**
 * [I8] The most fields that one device has stored samples of; more than any machine has by itself. Each name costs
 * memory and rows of the history for as long as the history has samples of it.
 */
export const FIELDS_PER_DEVICE = 5000;

/** The longest name of an instance, in UTF-16 code units. */
export const INSTANCE_CHARS = 256;

export interface InstanceField {
  readonly kind: string;
  readonly instance: string;
  readonly field: string;
}

/** Splits `core:0:cpu` into `core`, `0` and `cpu`; returns undefined for a scalar. */
export function parseInstanceField(name: string): InstanceField | undefined {
  const first = name.indexOf(':');
  const last = name.lastIndexOf(':');
  if (first < 1 || last <= first) return undefined;
  return { kind: name.slice(0, first), instance: name.slice(first + 1, last), field: name.slice(last + 1) };
}

/** Joins the three parts into a name such as `core:0:cpu`. */
export function instanceField(kind: string, instance: string, field: string): string {
  return `${kind}:${instance}:${field}`;
}

/** The unit and label of a field that Watchfloor's agent sends; undefined for a custom field. */
export function fieldInfo(name: string): FieldInfo | undefined {
  const first = name.indexOf(':');
  if (first < 0) return scalarInfo.get(name);
  return instanceInfo.get(`${name.slice(0, first)}:${name.slice(name.lastIndexOf(':') + 1)}`);
}

/** Whether `pattern` is `name` itself, or matches it with `*` for the instance (`core:*:cpu`). */
export function fieldMatches(pattern: string, name: string): boolean {
  if (pattern === name) return true;
  const star = pattern.indexOf(':*:');
  if (star < 0) return false;
  const [head, tail] = [pattern.slice(0, star + 1), pattern.slice(star + 2)];
  return name.length > head.length + tail.length && name.startsWith(head) && name.endsWith(tail);
}
