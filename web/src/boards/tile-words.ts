/** Tiles as words: what each kind is for, and what a tile without a title of its own is called. */
import type { AnyTile, Reduction, TileKind } from '#protocol/boards.ts';
import { isKnownTile } from '#protocol/boards.ts';
import type { MachineScope } from '#protocol/machine-scope.ts';
import { metricName } from '#protocol/metric-name.ts';

interface KindWords {
  readonly label: string;
  /** For the gallery: one line. */
  readonly about: string;
}

export const KIND_WORDS: Readonly<Record<TileKind, KindWords>> = {
  number: { label: 'Number', about: 'One value, large' },
  gauge: { label: 'Gauge', about: 'One value on a dial with limits' },
  line: { label: 'Line', about: 'Values over time' },
  bar: { label: 'Bars', about: 'The machines with the most of something' },
  heatmap: { label: 'Heat map', about: 'Machines over time, as shades' },
  table: { label: 'Table', about: 'Machines and their values' },
  status: { label: 'Status', about: 'A cell for each machine' },
  alerts: { label: 'Alerts', about: 'What fires now' },
  events: { label: 'Events', about: 'What happened to machines' },
  text: { label: 'Text', about: 'Notes, links, a phone list' },
  clock: { label: 'Clock', about: 'The time, anywhere' },
  summary: { label: 'Summary', about: 'Counts of states, by tag' },
  picture: { label: 'Picture', about: 'A plan, a rack, a logo' },
};

export const REDUCTION_WORDS: Readonly<Record<Reduction, string>> = {
  mean: 'Mean',
  max: 'Highest',
  min: 'Lowest',
  sum: 'Sum',
};

/** Which machines: `All machines`, or their names, tags and pattern. `nameOf` returns a machine's name by its id. */
export function scopeWords(scope: MachineScope, nameOf: (id: string) => string): string {
  const { devices, tags, name } = scope;
  if (devices.length + tags.length === 0 && name === '') return 'All machines';
  const machines = devices.length > 3 ? [`${devices.length} machines`] : devices.map(nameOf);
  return [...machines, ...tags, ...(name === '' ? [] : [name])].join(', ');
}

/** A tile's title, and a quieter part that says which machines it is about. */
export interface TileTitle {
  readonly title: string;
  readonly about: string;
}

/** The title that a person gave it, or one that says what the tile shows. Texts, clocks and pictures need none. */
export function tileTitle(tile: AnyTile, nameOf: (id: string) => string): TileTitle {
  if (tile.title !== '') return { title: tile.title, about: '' };
  if (!isKnownTile(tile)) return { title: tile.kind, about: '' };
  switch (tile.kind) {
    case 'text':
    case 'picture':
      return { title: '', about: '' };
    case 'clock':
      return { title: tile.time_zone ?? '', about: '' };
    case 'number':
    case 'gauge':
      return { title: metricName(tile.field), about: reducedWords(tile, nameOf) };
    case 'bar':
    case 'heatmap':
      return { title: metricName(tile.field), about: scopeWords(tile.scope, nameOf) };
    case 'line':
      return {
        title: tile.fields.map((field) => metricName(field)).join(', '),
        about: scopeWords(tile.scope, nameOf),
      };
    case 'table':
      return { title: 'Machines', about: scopeWords(tile.scope, nameOf) };
    default:
      return { title: KIND_WORDS[tile.kind].label, about: scopeWords(tile.scope, nameOf) };
  }
}

function reducedWords(
  { scope, field, reduction }: { scope: MachineScope; field: string; reduction: Reduction },
  nameOf: (id: string) => string,
): string {
  const where = scopeWords(scope, nameOf);
  const one = scope.devices.length === 1 && scope.tags.length === 0 && scope.name === '';
  if (one && !field.includes(':*:')) return where;
  return `${REDUCTION_WORDS[reduction]} · ${where}`;
}

/** The name of a tile for a screen reader and in lists: its title, or else its kind. */
export function tileName(tile: AnyTile, nameOf: (id: string) => string): string {
  const { title, about } = tileTitle(tile, nameOf);
  if (title !== '') return about === '' ? title : `${title}, ${about}`;
  return isKnownTile(tile) ? KIND_WORDS[tile.kind].label : tile.kind;
}
