/** Boards to begin with. */
import { knownTile, type Tile } from '#protocol/boards.ts';
import { ALL_MACHINES, type MachineScope } from '#protocol/machine-scope.ts';
import { DAY, HOUR } from '#protocol/span.ts';

export type TemplateKey = 'empty' | 'overview' | 'web' | 'machine' | 'group';

interface Template {
  readonly key: TemplateKey;
  readonly label: string;
  readonly about: string;
  /** What it is to be made for. */
  readonly asks: 'nothing' | 'tag' | 'machine';
  /** Its tiles for the machines of a scope, without ids: kind, place and what differs from the defaults. */
  readonly tiles: (scope: MachineScope) => readonly object[];
}

const at = (x: number, y: number, w: number, h: number) => ({ place: { x, y, w, h } });
const PERCENT = { warning: 80, critical: 95 };

export const TEMPLATES: readonly Template[] = [
  {
    key: 'empty',
    label: 'Empty',
    about: 'A board without tiles.',
    asks: 'nothing',
    tiles: () => [],
  },
  {
    key: 'overview',
    label: 'Overview',
    about: 'All machines: their states, what fires, and the busiest.',
    asks: 'nothing',
    tiles: () => [
      { kind: 'summary', scope: ALL_MACHINES, ...at(0, 0, 8, 4) },
      { kind: 'status', scope: ALL_MACHINES, ...at(8, 0, 16, 4) },
      { kind: 'alerts', scope: ALL_MACHINES, ...at(0, 4, 8, 8) },
      { kind: 'heatmap', scope: ALL_MACHINES, field: 'cpu', ...at(8, 4, 16, 8) },
      { kind: 'bar', scope: ALL_MACHINES, field: 'cpu', limits: PERCENT, ...at(0, 12, 6, 8) },
      { kind: 'bar', scope: ALL_MACHINES, field: 'ram', limits: PERCENT, ...at(6, 12, 6, 8) },
      { kind: 'bar', scope: ALL_MACHINES, field: 'disk', limits: PERCENT, ...at(12, 12, 6, 8) },
      { kind: 'events', scope: ALL_MACHINES, ...at(18, 12, 6, 8) },
    ],
  },
  {
    key: 'web',
    label: 'Web servers',
    about: 'Traffic, load and disks of the machines with a tag.',
    asks: 'tag',
    tiles: (scope) => [
      {
        kind: 'number',
        title: 'Sent',
        scope,
        field: 'net_tx',
        reduction: 'sum',
        range_ms: HOUR,
        ...at(0, 0, 6, 4),
      },
      {
        ...{ kind: 'number', title: 'Received', scope, field: 'net_rx', reduction: 'sum', range_ms: HOUR },
        ...at(6, 0, 6, 4),
      },
      { kind: 'gauge', scope, field: 'cpu', limits: PERCENT, ...at(12, 0, 4, 4) },
      { kind: 'status', scope, ...at(16, 0, 8, 4) },
      { kind: 'line', scope, fields: ['net_tx'], ...at(0, 4, 12, 7) },
      { kind: 'line', scope, fields: ['cpu'], ...at(12, 4, 12, 7) },
      { kind: 'bar', scope, field: 'ram', limits: PERCENT, ...at(0, 11, 8, 7) },
      { kind: 'bar', scope, field: 'mount:*:used', limits: PERCENT, ...at(8, 11, 8, 7) },
      { kind: 'alerts', scope, ...at(16, 11, 8, 7) },
    ],
  },
  {
    key: 'machine',
    label: 'One machine',
    about: 'Everything that matters of one machine.',
    asks: 'machine',
    tiles: (scope) => [
      { kind: 'number', scope, field: 'cpu', limits: PERCENT, range_ms: HOUR, ...at(0, 0, 6, 4) },
      { kind: 'number', scope, field: 'ram', limits: PERCENT, range_ms: HOUR, ...at(6, 0, 6, 4) },
      { kind: 'number', scope, field: 'disk', limits: PERCENT, ...at(12, 0, 6, 4) },
      { kind: 'number', scope, field: 'uptime_s', ...at(18, 0, 6, 4) },
      { kind: 'line', scope, fields: ['cpu', 'cpu_iowait'], ...at(0, 4, 12, 7) },
      { kind: 'line', scope, fields: ['net_rx', 'net_tx'], ...at(12, 4, 12, 7) },
      { kind: 'line', scope, fields: ['disk_read', 'disk_write'], ...at(0, 11, 12, 7) },
      { kind: 'bar', scope, field: 'mount:*:used', limits: PERCENT, ...at(12, 11, 6, 7) },
      { kind: 'events', scope, range_ms: 7 * DAY, ...at(18, 11, 6, 7) },
    ],
  },
  {
    key: 'group',
    label: 'Group',
    about: 'The machines with a tag, side by side.',
    asks: 'tag',
    tiles: (scope) => [
      { kind: 'summary', scope, ...at(0, 0, 8, 4) },
      { kind: 'status', scope, ...at(8, 0, 16, 4) },
      { kind: 'table', scope, fields: ['cpu', 'ram', 'disk', 'load1'], ...at(0, 4, 12, 9) },
      { kind: 'heatmap', scope, field: 'cpu', ...at(12, 4, 12, 9) },
      { kind: 'line', scope, fields: ['ram'], ...at(0, 13, 12, 7) },
      { kind: 'alerts', scope, ...at(12, 13, 6, 7) },
      { kind: 'events', scope, ...at(18, 13, 6, 7) },
    ],
  },
];

/** The tiles of a template for the machines of `scope`. */
export function templateTiles({ tiles }: Template, scope: MachineScope): Tile[] {
  return tiles(scope).map((tile, i) => knownTile.parse({ id: `tile-${i + 1}`, ...tile }));
}
