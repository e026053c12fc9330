/**
 * The charts of a machine's overview: at most eight, those that matter, chosen by what it sends. Everything else has its
 * place in a section (`section-kinds.ts`).
 */
import { meaningOf } from '#protocol/meaning.ts';
import { fieldInfo, instanceField } from '#protocol/fields.ts';
import {
  chart,
  chartOf,
  line,
  NETWORK_FLOOR,
  DISK_FLOOR,
  HEAT_FLOOR,
  SENSOR_TOKENS,
  type ChartSpec,
  type LineSpec,
} from './chart-spec.ts';
import { say } from '../format/messages.ts';

type Has = (field: string) => boolean;

function present(has: Has, lines: readonly LineSpec[]): LineSpec[] {
  return lines.filter(({ field }) => has(field));
}

function cpu(has: Has): ChartSpec[] {
  const lines = present(has, [
    line('cpu', say`total`, '--chart-cpu', true),
    line('cpu_user', say`user`, '--chart-second'),
    line('cpu_system', say`system`, '--chart-plain'),
    line('cpu_iowait', say`iowait`, '--chart-third'),
    { ...line('cpu_steal', say`steal`, '--chart-heat'), seldom: true },
  ]);
  return chart({ id: 'cpu', title: 'CPU', field: 'cpu', lines, top: 100 });
}

function memory(has: Has): ChartSpec[] {
  if (!has('mem_used_bytes') || !has('mem_total_bytes')) {
    const lines = present(has, [line('ram', say`used`, '--chart-memory', true)]);
    return chart({ id: 'memory', title: 'Memory', field: 'ram', lines, top: 100 });
  }
  const lines = present(has, [
    line('mem_used_bytes', say`used`, '--chart-memory', true),
    line('mem_cached_bytes', say`cache`, '--chart-plain'),
    { ...line('swap_used_bytes', say`swap`, '--chart-third'), seldom: true },
  ]);
  const top = { field: 'mem_total_bytes' };
  return chart({ id: 'memory', title: 'Memory', field: 'mem_used_bytes', lines, top });
}

function network(has: Has): ChartSpec[] {
  const lines = present(has, [
    line('net_rx', say`in`, '--chart-in', true),
    line('net_tx', say`out`, '--chart-out', true),
  ]);
  return chart({ id: 'network', title: 'Network', field: 'net_rx', lines, floor: NETWORK_FLOOR });
}

function diskTraffic(has: Has): ChartSpec[] {
  const lines = present(has, [
    line('disk_read', say`read`, '--chart-in', true),
    line('disk_write', say`write`, '--chart-out', true),
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
    line('processes', say`all`, '--chart-plain', true),
    line('processes_running', say`running`, '--chart-cpu'),
  ]);
  return chart({ id: 'processes', title: 'Processes', field: 'processes', lines, floor: 10 });
}

function space(has: Has): ChartSpec[] {
  const lines = present(has, [line('disk', say`fullest`, '--chart-disk', true)]);
  return chart({ id: 'disk', title: 'Disk space', field: 'disk', lines, top: 100 });
}

function temperatures(hottest: readonly string[]): ChartSpec[] {
  const [first = ''] = hottest;
  const lines = hottest
    .slice(0, SENSOR_TOKENS.length)
    .map((name, i) =>
      line(instanceField('sensor', name, 'celsius'), name, SENSOR_TOKENS[i] ?? '--chart-plain'),
    );
  const field = instanceField('sensor', first, 'celsius');
  return chart({ id: 'sensors', title: 'Temperature', field, lines, floor: HEAT_FLOOR });
}

function swap(has: Has): ChartSpec[] {
  const lines = present(has, [line('swap', say`used`, '--chart-third', true)]);
  return chart({ id: 'swap', title: 'Swap', field: 'swap', lines, top: 100 });
}

export interface OverviewFields {
  /** The scalars that the machine sends. */
  readonly scalars: readonly string[];
  /** The names of its hottest sensors. */
  readonly sensors: readonly string[];
}

const MOST = 8;

/** The charts of the overview. Where the machine sends little of what is known, its own scalars fill them up. */
export function overviewCharts({ scalars, sensors }: OverviewFields): readonly ChartSpec[] {
  const all = new Set(scalars);
  const has: Has = (field) => all.has(field);
  const known = [
    ...cpu(has),
    ...memory(has),
    ...network(has),
    ...diskTraffic(has),
    ...space(has),
    ...load(has),
    ...temperatures(sensors),
    ...processes(has),
    ...(has('mem_used_bytes') ? [] : swap(has)),
  ];
  const own = scalars.filter((field) => fieldInfo(field) === undefined).sort();
  return [...known, ...own.map((field) => chartOf(field, meaningOf(field).label ?? field))].slice(0, MOST);
}
