/** Names of fields, as people call them. */
import { INSTANCES, parseInstanceField, SCALARS } from './fields.ts';
import { meaningOf, WHOLE, type Meaning } from './meaning.ts';
import { TOTAL } from './traffic.ts';

const KIND_NAMES: Readonly<Record<string, string>> = {
  core: 'CPU core',
  mount: 'Filesystem',
  interface: 'Interface',
  quota: 'Traffic quota',
  disk: 'Disk',
  sensor: 'Sensor',
  container: 'Container',
  unit: 'Unit',
  raid: 'RAID',
  smart: 'SMART of disk',
  gpu: 'GPU',
  battery: 'Battery',
  ups: 'UPS',
  probe: 'Probe',
};

const ANY_NAMES: Readonly<Record<string, string>> = {
  core: 'any CPU core',
  mount: 'any filesystem',
  interface: 'any interface',
  quota: 'any interface',
  disk: 'any disk',
  sensor: 'any sensor',
  container: 'any container',
  unit: 'any unit',
  raid: 'any RAID',
  smart: 'SMART of any disk',
  gpu: 'any GPU',
  battery: 'any battery',
  ups: 'any UPS',
  probe: 'any probe',
};

/**
 * Names for fields whose label does not fit into a sentence such as "Fullest disk above 85 %", and for what alerts are
 * about that is no field.
 */
const NAMES: Readonly<Record<string, string>> = {
  disk: 'Fullest disk',
  offline: 'Offline',
  rebooted: 'Restart',
  clock: 'Clock',
  'quota:*:level': 'Traffic quota, any interface',
};

const withSmallInitial = (label: string) =>
  /^[A-Z][a-z]/.test(label) ? label[0]?.toLowerCase() + label.slice(1) : label;

/** `mount:/var:used` → `Filesystem /var, used`; `mount:*:used` → `Used, any filesystem`; a custom field as it is. */
export function metricName(metric: string, { label }: Meaning = meaningOf(metric)): string {
  const name = NAMES[metric];
  if (name !== undefined) return name;
  const parts = parseInstanceField(metric);
  if (!parts) return label ?? metric;
  const { kind, instance, field } = parts;
  if (instance === '*') return `${label ?? field}, ${ANY_NAMES[kind] ?? `any ${kind}`}`;
  if (instance === WHOLE) return `${kind}, ${withSmallInitial(label ?? field)}`;
  const kindName = KIND_NAMES[kind] ?? kind;
  const subject = kind === 'quota' && instance === TOTAL ? kindName : `${kindName} ${instance}`;
  // Whether a probe is up, and which level a quota has reached, alerts say in other words.
  const isTold =
    kind === 'core' || (kind === 'probe' && field === 'up') || (kind === 'quota' && field === 'level');
  return isTold ? subject : `${subject}, ${withSmallInitial(label ?? field)}`;
}

interface MetricChoice {
  readonly metric: string;
  readonly name: string;
}

/** The fields that a rule can be about: every known one, and a pattern over all instances (`mount:*:used`). */
export function metricChoices(): readonly MetricChoice[] {
  const patterns = Object.entries(INSTANCES).flatMap(([kind, fields]) =>
    Object.keys(fields).map((field) => `${kind}:*:${field}`),
  );
  return [...Object.keys(SCALARS), ...patterns].map((metric) => ({ metric, name: metricName(metric) }));
}
