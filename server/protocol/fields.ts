/**
 * Field names: how one measured number is called everywhere (wire, journal, history, alerts, charts).
 *
 * A scalar is a plain word: `cpu`. A number that belongs to one of several instances is
 * `kind:instance:field`: `core:0:cpu`, `mount:/var:used`, `interface:eth0:rx`. A kind and a field never
 * contain a colon; an instance may, so a name is split at its first and its last colon.
 */

export type Unit =
  | 'percent'
  /** A share of 1, as Prometheus has them; written as a percentage. */
  | 'ratio'
  | 'bytes'
  | 'bytes_per_second'
  | 'per_second'
  | 'seconds'
  | 'milliseconds'
  | 'celsius'
  | 'hertz'
  | 'volts'
  | 'watts'
  | 'rpm'
  | 'count';

export interface FieldInfo {
  readonly unit: Unit;
  readonly label: string;
  /** A percentage that may be over 100. */
  readonly over?: true;
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
  cpu_hertz: { unit: 'hertz', label: 'CPU frequency' },
  context_switches: { unit: 'per_second', label: 'Context switches' },
  interrupts: { unit: 'per_second', label: 'Interrupts' },
  forks: { unit: 'per_second', label: 'New processes' },
  load1: { unit: 'count', label: 'Load, 1 min' },
  load5: { unit: 'count', label: 'Load, 5 min' },
  load15: { unit: 'count', label: 'Load, 15 min' },
  ram: { unit: 'percent', label: 'Memory' },
  mem_used_bytes: { unit: 'bytes', label: 'Memory used' },
  mem_available_bytes: { unit: 'bytes', label: 'Memory available' },
  mem_cached_bytes: { unit: 'bytes', label: 'Memory, cache' },
  mem_total_bytes: { unit: 'bytes', label: 'Memory total' },
  mem_dirty_bytes: { unit: 'bytes', label: 'Memory not yet written to disk' },
  mem_shared_bytes: { unit: 'bytes', label: 'Memory, shared' },
  mem_slab_bytes: { unit: 'bytes', label: 'Memory of the kernel, slab' },
  mem_committed_bytes: { unit: 'bytes', label: 'Memory promised to programs' },
  /** Of what Windows can promise with its page files; at 100 programs fail, however much memory is free. */
  mem_committed: { unit: 'percent', label: 'Promised memory, share of its limit' },
  mem_commit_limit_bytes: { unit: 'bytes', label: 'Memory that can be promised' },
  mem_huge_used_bytes: { unit: 'bytes', label: 'Huge pages used' },
  mem_huge_total_bytes: { unit: 'bytes', label: 'Huge pages' },
  major_faults: { unit: 'per_second', label: 'Major page faults' },
  oom_kills: { unit: 'per_second', label: 'Processes killed for lack of memory' },
  swap: { unit: 'percent', label: 'Swap' },
  swap_used_bytes: { unit: 'bytes', label: 'Swap used' },
  swap_total_bytes: { unit: 'bytes', label: 'Swap total' },
  swap_in: { unit: 'bytes_per_second', label: 'Read from swap' },
  swap_out: { unit: 'bytes_per_second', label: 'Written to swap' },
  /**
   * The share of time in which at least one task waited for it, and in which (`_full`) nothing else was done: the
   * kernel's pressure stall information.
   */
  pressure_cpu: { unit: 'percent', label: 'Waiting for CPU' },
  pressure_memory: { unit: 'percent', label: 'Waiting for memory' },
  pressure_memory_full: { unit: 'percent', label: 'All waiting for memory' },
  pressure_io: { unit: 'percent', label: 'Waiting for disk' },
  pressure_io_full: { unit: 'percent', label: 'All waiting for disk' },
  /** The fullest local filesystem. */
  disk: { unit: 'percent', label: 'Disk, fullest' },
  disk_read: { unit: 'bytes_per_second', label: 'Disk read' },
  disk_write: { unit: 'bytes_per_second', label: 'Disk write' },
  net_rx: { unit: 'bytes_per_second', label: 'Received' },
  net_tx: { unit: 'bytes_per_second', label: 'Sent' },
  tcp_established: { unit: 'count', label: 'TCP connections' },
  tcp_time_wait: { unit: 'count', label: 'TCP connections in TIME_WAIT' },
  tcp_opened: { unit: 'per_second', label: 'TCP connections opened' },
  tcp_accepted: { unit: 'per_second', label: 'TCP connections accepted' },
  tcp_retransmits: { unit: 'per_second', label: 'TCP segments sent again' },
  tcp_resets: { unit: 'per_second', label: 'TCP resets sent' },
  tcp_listen_overflows: { unit: 'per_second', label: 'TCP listen queue overflows' },
  udp_errors: { unit: 'per_second', label: 'UDP errors' },
  conntrack: { unit: 'percent', label: 'Connection tracking table' },
  conntrack_entries: { unit: 'count', label: 'Tracked connections' },
  processes: { unit: 'count', label: 'Processes' },
  processes_running: { unit: 'count', label: 'Processes running' },
  processes_blocked: { unit: 'count', label: 'Processes waiting for disk' },
  units_failed: { unit: 'count', label: 'Failed units or services' },
  users: { unit: 'count', label: 'People logged in' },
  reboot_required: { unit: 'count', label: 'Reboot required (1) or not (0)' },
  updates: { unit: 'count', label: 'Package updates' },
  updates_security: { unit: 'count', label: 'Security updates' },
  clock_synchronised: { unit: 'count', label: 'Clock set by a time server (1) or not (0)' },
  clock_offset_ms: { unit: 'milliseconds', label: 'Clock off by' },
  on_battery: { unit: 'count', label: 'On battery (1) or not (0)' },
  threads: { unit: 'count', label: 'Threads' },
  open_handles: { unit: 'count', label: 'Open handles' },
  open_files: { unit: 'count', label: 'Open files' },
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
    rx_packets: { unit: 'per_second', label: 'Packets received' },
    tx_packets: { unit: 'per_second', label: 'Packets sent' },
    errors: { unit: 'per_second', label: 'Errors' },
    drops: { unit: 'per_second', label: 'Packets dropped' },
  },
  /** What the server works out of a machine's traffic for its quotas, by interface, `total` for all of them. */
  quota: {
    used: { unit: 'percent', label: 'Used so far', over: true },
    used_bytes: { unit: 'bytes', label: 'Used so far' },
    forecast: { unit: 'percent', label: 'Forecast for the end of the period', over: true },
    level: { unit: 'count', label: 'Quota within (0), nearly used (1) or used up (2)' },
  },
  disk: {
    read: { unit: 'bytes_per_second', label: 'Read' },
    write: { unit: 'bytes_per_second', label: 'Write' },
    busy: { unit: 'percent', label: 'Busy' },
    reads: { unit: 'per_second', label: 'Reads' },
    writes: { unit: 'per_second', label: 'Writes' },
    read_ms: { unit: 'milliseconds', label: 'Time of a read' },
    write_ms: { unit: 'milliseconds', label: 'Time of a write' },
    queue: { unit: 'count', label: 'Requests in the queue' },
  },
  /** Its share of all processors of the machine; memory without the cache of files that were not used lately. */
  container: {
    cpu: { unit: 'percent', label: 'CPU' },
    throttled: { unit: 'percent', label: 'Held back by its CPU limit' },
    ram: { unit: 'percent', label: 'Memory of its limit' },
    mem_bytes: { unit: 'bytes', label: 'Memory' },
    pids: { unit: 'count', label: 'Processes' },
    read: { unit: 'bytes_per_second', label: 'Read' },
    write: { unit: 'bytes_per_second', label: 'Write' },
    oom_kills: { unit: 'per_second', label: 'Processes killed for lack of memory' },
    restarts: { unit: 'count', label: 'Restarts in the last hour' },
    running: { unit: 'count', label: 'Running (1) or not (0)' },
    healthy: { unit: 'count', label: 'Healthy (1) or not (0)' },
  },
  /** A unit of systemd, or a service of Windows, that is, or lately was, in trouble. */
  unit: {
    failed: { unit: 'count', label: 'Failed (1) or not (0)' },
    restarts: { unit: 'count', label: 'Restarts in the last hour' },
  },
  gpu: {
    busy: { unit: 'percent', label: 'Busy' },
    mem: { unit: 'percent', label: 'Memory' },
    mem_used_bytes: { unit: 'bytes', label: 'Memory used' },
    celsius: { unit: 'celsius', label: 'Temperature' },
    watts: { unit: 'watts', label: 'Power' },
  },
  /** What smartd says of a disk. */
  smart: {
    failing: { unit: 'count', label: 'Failing (1) or not (0)' },
    reallocated: { unit: 'count', label: 'Reallocated sectors' },
    pending: { unit: 'count', label: 'Sectors that cannot be read' },
    errors: { unit: 'count', label: 'Errors' },
  },
  /** An array of disks, or a pool of ZFS. */
  raid: {
    degraded: { unit: 'count', label: 'Degraded (1) or whole (0)' },
    missing: { unit: 'count', label: 'Missing disks' },
    rebuilt: { unit: 'percent', label: 'Rebuilt or checked' },
  },
  battery: {
    charge: { unit: 'percent', label: 'Charge' },
    watts: { unit: 'watts', label: 'Power' },
    health: { unit: 'percent', label: 'Capacity left of when it was new' },
  },
  ups: {
    charge: { unit: 'percent', label: 'Charge' },
    load: { unit: 'percent', label: 'Load' },
    runtime_s: { unit: 'seconds', label: 'Time left on battery' },
    on_battery: { unit: 'count', label: 'On battery (1) or not (0)' },
    battery_low: { unit: 'count', label: 'Battery low (1) or not (0)' },
  },
  /** What the machine found when it checked something else. The samples between two runs repeat the last values. */
  probe: {
    up: { unit: 'count', label: 'Up (1) or down (0)' },
    ms: { unit: 'milliseconds', label: 'Time of the answer' },
    status: { unit: 'count', label: 'HTTP status' },
    certificate_days: { unit: 'count', label: 'Days left of the certificate' },
    loss: { unit: 'percent', label: 'Lost packets' },
    jitter_ms: { unit: 'milliseconds', label: 'Jitter' },
    dns_ms: { unit: 'milliseconds', label: 'Time of finding the address' },
    connect_ms: { unit: 'milliseconds', label: 'Time of connecting' },
    tls_ms: { unit: 'milliseconds', label: 'Time of the TLS handshake' },
    first_byte_ms: { unit: 'milliseconds', label: 'Time to the first byte' },
    answers: { unit: 'count', label: 'Answers' },
  },
  sensor: {
    celsius: { unit: 'celsius', label: 'Temperature' },
    rpm: { unit: 'rpm', label: 'Fan' },
    volts: { unit: 'volts', label: 'Voltage' },
    watts: { unit: 'watts', label: 'Power' },
  },
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

/** Whether the field is a percentage that is never over 100. */
export function isShare(name: string): boolean {
  const info = fieldInfo(name);
  return info?.unit === 'percent' && info.over === undefined;
}

/** Whether `pattern` is `name` itself, or matches it with `*` for the instance (`core:*:cpu`). */
export function fieldMatches(pattern: string, name: string): boolean {
  if (pattern === name) return true;
  const star = pattern.indexOf(':*:');
  if (star < 0) return false;
  const [head, tail] = [pattern.slice(0, star + 1), pattern.slice(star + 2)];
  return name.length > head.length + tail.length && name.startsWith(head) && name.endsWith(tail);
}
