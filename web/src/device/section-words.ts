/** The sections of a machine's page in words. */

interface SectionWords {
  readonly title: string;
  /** What is said of the instance that comes first, while the section is closed. */
  readonly first: (name: string, value: string) => string;
}

export const SECTION_WORDS: Readonly<Record<string, SectionWords>> = {
  core: { title: 'Cores', first: (name, value) => `busiest: ${name} at ${value}` },
  mount: { title: 'Filesystems', first: (name, value) => `fullest: ${name} at ${value}` },
  disk: { title: 'Disks', first: (name, value) => `busiest: ${name} at ${value}` },
  interface: { title: 'Interfaces', first: (name, value) => `receives most: ${name} at ${value}` },
  quota: { title: 'Traffic quotas', first: (name, value) => `most used: ${name} at ${value}` },
  sensor: { title: 'Sensors', first: (name, value) => `hottest: ${name} at ${value}` },
  gpu: { title: 'GPUs', first: (name, value) => `busiest: ${name} at ${value}` },
  container: { title: 'Containers', first: (name, value) => `busiest: ${name} at ${value}` },
  process: { title: 'Processes', first: (name, value) => `busiest: ${name} at ${value}` },
  smart: { title: 'Health of disks', first: (name) => name },
  raid: { title: 'RAID and pools', first: (name) => name },
  battery: { title: 'Batteries', first: (name, value) => `${name} at ${value}` },
  ups: { title: 'Power supplies', first: (name, value) => `${name} at ${value}` },
  probe: { title: 'Probes', first: (name, value) => `slowest: ${name} at ${value}` },
  unit: { title: 'Units and services in trouble', first: (name) => name },
  service: { title: 'Services', first: (name, value) => `busiest: ${name} at ${value}` },
};

interface DetailWords {
  readonly title: string;
  /** What is said of its highest value, while the section is closed. */
  readonly says: (field: string, text: string, value: number) => string;
}

/** What tasks wait for, by field. */
const WAITING: Readonly<Record<string, string>> = {
  pressure_cpu: 'most for CPU',
  pressure_memory: 'most for memory',
  pressure_io: 'most for disk',
};

/** What is worth saying of the system, by field. */
const SYSTEM: Readonly<Record<string, (text: string, value: number) => string>> = {
  units_failed: (text, value) => (value > 0 ? `failed units or services: ${text}` : ''),
  reboot_required: (_, value) => (value > 0 ? 'reboot required' : ''),
  updates_security: (text, value) => (value > 0 ? `security updates: ${text}` : ''),
  clock_synchronised: (_, value) => (value === 0 ? 'clock not set by a time server' : ''),
  on_battery: (_, value) => (value > 0 ? 'on battery' : ''),
};

/** The sections of the machine's own values, by kind. */
export const DETAIL_WORDS: Readonly<Record<string, DetailWords>> = {
  '.pressure': {
    title: 'Pressure',
    says: (field, value) => `${WAITING[field] ?? field}: ${value} of the time`,
  },
  '.kernel': { title: 'Kernel', says: (_, value) => `context switches: ${value}` },
  '.memory': { title: 'Memory in detail', says: (_, value) => `not yet written to disk: ${value}` },
  '.connections': { title: 'Connections', says: (_, value) => `TCP connections: ${value}` },
  '.system': { title: 'System', says: (field, text, value) => SYSTEM[field]?.(text, value) ?? '' },
};

/** What is said of the first instance of a kind that this page does not know. */
export const highestWords = (name: string, value: string) => `highest: ${name} at ${value}`;

/** The machine's own scalars. */
export const OTHER_VALUES = 'Other values';
