/** Which charts a device has, by the fields it sends: known fields have their places, all others are under "More". */
import { fieldInfo, instanceField, parseInstanceField } from '#protocol/fields.ts';

interface LineSpec {
  readonly field: string;
  readonly label: string;
  readonly token: string;
  readonly main: boolean;
  /** The line is left out while all its values are 0. */
  readonly seldom?: true;
}

export interface ChartSpec {
  readonly id: string;
  readonly title: string;
  /** The field that gives the axis its unit. */
  readonly field: string;
  readonly lines: readonly LineSpec[];
  /** The value at the top of the axis: a number, or the field whose newest value it is. */
  readonly top?: number | { readonly field: string };
  readonly floor?: number;
}

export interface Section {
  readonly id: string;
  /** Empty for the first section, which has no heading. */
  readonly title: string;
  readonly charts: readonly ChartSpec[];
}

export interface DeviceCharts {
  readonly sections: readonly Section[];
  /** Names of the cores in order; their fields are `core:<name>:cpu`. */
  readonly cores: readonly string[];
  readonly mounts: readonly string[];
}

const byName = new Intl.Collator('en', { numeric: true });
const NETWORK_FLOOR = 12_500;
const DISK_FLOOR = 100_000;
/** At most so many lines are in one chart: more cannot be told apart. */
const LINES = 6;

type Has = (field: string) => boolean;

const line = (field: string, label: string, token: string, main = false): LineSpec => ({
  field,
  label,
  token,
  main,
});

function present(has: Has, lines: readonly LineSpec[]): LineSpec[] {
  return lines.filter(({ field }) => has(field));
}

function chart(spec: ChartSpec): ChartSpec[] {
  return spec.lines.length === 0 ? [] : [spec];
}

function cpu(has: Has): ChartSpec[] {
  const lines = present(has, [
    line('cpu', 'total', '--chart-cpu', true),
    line('cpu_user', 'user', '--chart-second'),
    line('cpu_system', 'system', '--chart-plain'),
    line('cpu_iowait', 'iowait', '--chart-third'),
    { ...line('cpu_steal', 'steal', '--chart-heat'), seldom: true },
  ]);
  return chart({ id: 'cpu', title: 'CPU', field: 'cpu', lines, top: 100 });
}

function memory(has: Has): ChartSpec[] {
  if (!has('mem_used_bytes') || !has('mem_total_bytes')) {
    const lines = present(has, [line('ram', 'used', '--chart-memory', true)]);
    return chart({ id: 'memory', title: 'Memory', field: 'ram', lines, top: 100 });
  }
  const lines = present(has, [
    line('mem_used_bytes', 'used', '--chart-memory', true),
    line('mem_cached_bytes', 'cache', '--chart-plain'),
    { ...line('swap_used_bytes', 'swap', '--chart-third'), seldom: true },
  ]);
  const top = { field: 'mem_total_bytes' };
  return chart({ id: 'memory', title: 'Memory', field: 'mem_used_bytes', lines, top });
}

function network(has: Has): ChartSpec[] {
  const lines = present(has, [
    line('net_rx', 'in', '--chart-in', true),
    line('net_tx', 'out', '--chart-out', true),
  ]);
  return chart({ id: 'network', title: 'Network', field: 'net_rx', lines, floor: NETWORK_FLOOR });
}

function diskTraffic(has: Has): ChartSpec[] {
  const lines = present(has, [
    line('disk_read', 'read', '--chart-in', true),
    line('disk_write', 'write', '--chart-out', true),
  ]);
  return chart({ id: 'disk-io', title: 'Disk traffic', field: 'disk_read', lines, floor: DISK_FLOOR });
}

function load(has: Has): ChartSpec[] {
  const lines = present(has, [
    line('load1', '1 min', '--chart-cpu', true),
    line('load5', '5 min', '--chart-second'),
    line('load15', '15 min', '--chart-plain'),
  ]);
  return chart({ id: 'load', title: 'Load', field: 'load1', lines, floor: 1 });
}

function processes(has: Has): ChartSpec[] {
  const lines = present(has, [
    line('processes', 'all', '--chart-plain', true),
    line('processes_running', 'running', '--chart-cpu'),
  ]);
  return chart({ id: 'processes', title: 'Processes', field: 'processes', lines, floor: 10 });
}

/** A chart of `disk`, only for a device that sends no filesystems. */
function fullest(has: Has, mounts: number): ChartSpec[] {
  const lines = mounts === 0 ? present(has, [line('disk', 'used', '--chart-disk', true)]) : [];
  return chart({ id: 'disk', title: 'Disk', field: 'disk', lines, top: 100 });
}

function interfaceChart(name: string, has: Has): ChartSpec[] {
  const of = (field: string) => instanceField('interface', name, field);
  const lines = present(has, [
    line(of('rx'), 'in', '--chart-in', true),
    line(of('tx'), 'out', '--chart-out', true),
  ]);
  return chart({ id: `interface:${name}`, title: name, field: of('rx'), lines, floor: NETWORK_FLOOR });
}

function diskChart(name: string, has: Has): ChartSpec[] {
  const of = (field: string) => instanceField('disk', name, field);
  const lines = present(has, [
    line(of('read'), 'read', '--chart-in', true),
    line(of('write'), 'write', '--chart-out', true),
  ]);
  return chart({ id: `disk:${name}`, title: name, field: of('read'), lines, floor: DISK_FLOOR });
}

const SENSOR_TOKENS = [
  '--chart-heat',
  '--chart-cpu',
  '--chart-memory',
  '--chart-in',
  '--chart-plain',
  '--chart-second',
];

function sensors(names: readonly string[]): ChartSpec[] {
  const charts: ChartSpec[] = [];
  for (let from = 0; from < names.length; from += LINES) {
    const part = names.slice(from, from + LINES);
    charts.push({
      id: `sensors:${from}`,
      title: names.length > LINES ? `Temperature, ${from + 1} to ${from + part.length}` : 'Temperature',
      field: instanceField('sensor', part[0] ?? '', 'celsius'),
      lines: part.map((name, i) =>
        line(instanceField('sensor', name, 'celsius'), name, SENSOR_TOKENS[i] ?? '--chart-plain'),
      ),
      floor: 60,
    });
  }
  return charts;
}

/** Fields that are shown elsewhere than under "More". */
const PLACED = new Set([
  ...['cpu', 'cpu_user', 'cpu_system', 'cpu_iowait', 'cpu_steal', 'ram', 'disk', 'disk_read', 'disk_write'],
  ...['mem_used_bytes', 'mem_available_bytes', 'mem_cached_bytes', 'mem_total_bytes', 'net_rx', 'net_tx'],
  ...['swap', 'swap_used_bytes', 'swap_total_bytes', 'load1', 'load5', 'load15', 'uptime_s'],
  ...['processes', 'processes_running'],
]);
const PLACED_INSTANCES = new Set([
  ...['core:cpu', 'mount:used', 'mount:used_bytes', 'mount:total_bytes', 'mount:inodes', 'interface:rx'],
  ...['interface:tx', 'interface:errors', 'disk:read', 'disk:write', 'disk:busy', 'sensor:celsius'],
]);

function more(fields: readonly string[]): ChartSpec[] {
  return fields.flatMap((field) => {
    const parts = parseInstanceField(field);
    if (parts ? PLACED_INSTANCES.has(`${parts.kind}:${parts.field}`) : PLACED.has(field)) return [];
    const title = parts ? `${parts.kind} ${parts.instance}, ${parts.field}` : field;
    const percent = fieldInfo(field)?.unit === 'percent';
    return chart({
      id: `more:${field}`,
      title,
      field,
      lines: [line(field, 'value', '--chart-plain', true)],
      ...(percent ? { top: 100 } : {}),
    });
  });
}

/** The `most` fullest filesystems, in the order in which they are given. */
export function fullestMounts(
  mounts: readonly string[],
  latest: Readonly<Record<string, number>>,
  most: number,
): readonly string[] {
  if (mounts.length <= most) return mounts;
  const fill = (name: string) => latest[instanceField('mount', name, 'used')] ?? 0;
  const chosen = new Set(mounts.toSorted((a, b) => fill(b) - fill(a)).slice(0, most));
  return mounts.filter((name) => chosen.has(name));
}

/** The charts for a device that has these fields. */
export function deviceCharts(fields: readonly string[]): DeviceCharts {
  const all = new Set(fields);
  const has: Has = (field) => all.has(field);
  const instances = new Map<string, Set<string>>();
  for (const field of fields) {
    const parts = parseInstanceField(field);
    if (!parts) continue;
    const names = instances.get(parts.kind) ?? new Set();
    instances.set(parts.kind, names.add(parts.instance));
  }
  const names = (kind: string, field: string) =>
    [...(instances.get(kind) ?? [])]
      .filter((name) => has(instanceField(kind, name, field)))
      .sort((a, b) => byName.compare(a, b));

  const mounts = names('mount', 'used');
  const interfaces = names('interface', 'rx');
  const disks = names('disk', 'read');
  const custom = more([...fields].sort((a, b) => byName.compare(a, b)));
  const sections: Section[] = [
    {
      id: 'main',
      title: '',
      charts: [
        ...cpu(has),
        ...memory(has),
        ...network(has),
        ...diskTraffic(has),
        ...fullest(has, mounts.length),
        ...load(has),
        ...processes(has),
        ...sensors(names('sensor', 'celsius')),
      ],
    },
    // A single interface or disk would repeat the chart of all of them.
    {
      id: 'interfaces',
      title: 'Interfaces',
      charts: interfaces.length > 1 ? interfaces.flatMap((name) => interfaceChart(name, has)) : [],
    },
    {
      id: 'disks',
      title: 'Disks',
      charts: disks.length > 1 ? disks.flatMap((name) => diskChart(name, has)) : [],
    },
    { id: 'more', title: 'More', charts: custom },
  ];
  return {
    sections: sections.filter(({ charts }) => charts.length > 0),
    cores: names('core', 'cpu'),
    mounts,
  };
}
