/** A tile as its form holds it, and as a tile again. */
import { knownTile, type Reduction, type Tile, type TileKind } from '#protocol/boards.ts';
import { NO_PICTURE } from './new-tile.ts';
import { ALL_MACHINES } from '#protocol/machine-scope.ts';
import { scopeDraftOf, scopeOf, type ScopeDraft } from '../../ui/scope-draft.ts';

/** Everything that a form of any kind asks; a kind uses its own part of it. Numbers are null where nothing is typed. */
export interface TileDraft extends ScopeDraft {
  title: string;
  field: string;
  fields: readonly string[];
  reduction: Reduction;
  warning: number | null;
  critical: number | null;
  below: boolean;
  min: number | null;
  max: number | null;
  /** Milliseconds; null for a number without a line. */
  rangeMs: number | null;
  /** The most lines, bars or rows. */
  most: number | null;
  smallest: boolean;
  order: 'fixed' | 'worst';
  severities: readonly ('warning' | 'critical')[];
  markdown: string;
  /** Empty: that of the screen. */
  timeZone: string;
  seconds: boolean;
  tagPrefix: string;
  picture: string;
  alt: string;
  fit: 'contain' | 'cover';
}

const EMPTY: TileDraft = {
  ...scopeDraftOf(ALL_MACHINES),
  title: '',
  field: '',
  fields: [],
  reduction: 'mean',
  warning: null,
  critical: null,
  below: false,
  min: 0,
  max: 100,
  rangeMs: null,
  most: null,
  smallest: false,
  order: 'fixed',
  severities: [],
  markdown: '',
  timeZone: '',
  seconds: true,
  tagPrefix: '',
  picture: '',
  alt: '',
  fit: 'contain',
};

/** The draft of a tile that is to be changed. */
export function draftOf(tile: Tile): TileDraft {
  const draft = { ...EMPTY, title: tile.title, ...('scope' in tile ? scopeDraftOf(tile.scope) : {}) };
  switch (tile.kind) {
    case 'number':
      return {
        ...draft,
        ...tile.limits,
        field: tile.field,
        reduction: tile.reduction,
        rangeMs: tile.range_ms,
      };
    case 'gauge': {
      const { field, reduction, min, max, limits } = tile;
      return { ...draft, ...limits, field, reduction, min, max };
    }
    case 'line':
      return { ...draft, fields: tile.fields, most: tile.top, rangeMs: tile.range_ms };
    case 'bar':
      return { ...draft, ...tile.limits, field: tile.field, most: tile.most, smallest: tile.smallest };
    case 'heatmap':
      return { ...draft, field: tile.field, most: tile.most, rangeMs: tile.range_ms };
    case 'table':
      return { ...draft, fields: tile.fields, most: tile.most };
    case 'status':
      return { ...draft, order: tile.order };
    case 'alerts':
      return { ...draft, severities: tile.severities };
    case 'events':
      return { ...draft, rangeMs: tile.range_ms };
    case 'text':
      return { ...draft, markdown: tile.markdown };
    case 'clock':
      return { ...draft, timeZone: tile.time_zone ?? '', seconds: tile.seconds };
    case 'summary':
      return { ...draft, tagPrefix: tile.tag_prefix };
    case 'picture':
      return {
        ...draft,
        picture: tile.picture === NO_PICTURE ? '' : tile.picture,
        alt: tile.alt,
        fit: tile.fit,
      };
  }
}

function partsOf(kind: TileKind, draft: TileDraft): object {
  const { field, fields, reduction, warning, critical, below, rangeMs } = draft;
  // What is left empty has its usual value.
  const [min, max, most] = [draft.min ?? undefined, draft.max ?? undefined, draft.most ?? undefined];
  const limits = { warning, critical, below };
  const scope = scopeOf(draft);
  switch (kind) {
    case 'number':
      return { scope, field, reduction, limits, range_ms: rangeMs };
    case 'gauge':
      return { scope, field, reduction, limits, min, max };
    case 'line':
      return { scope, fields, top: most, range_ms: rangeMs };
    case 'bar':
      return { scope, field, most, smallest: draft.smallest, limits };
    case 'heatmap':
      return { scope, field, most, range_ms: rangeMs };
    case 'table':
      return { scope, fields, most };
    case 'status':
      return { scope, order: draft.order };
    case 'alerts':
      return { scope, severities: draft.severities };
    case 'events':
      return { scope, range_ms: rangeMs };
    case 'text':
      return { markdown: draft.markdown };
    case 'clock':
      return { time_zone: draft.timeZone === '' ? null : draft.timeZone, seconds: draft.seconds };
    case 'summary':
      return { scope, tag_prefix: draft.tagPrefix };
    case 'picture':
      return { picture: draft.picture, alt: draft.alt, fit: draft.fit };
  }
}

type Read =
  | { readonly ok: true; readonly tile: Tile }
  /** What is wrong by the name of the part: `field`, `scope`, `limits.warning`. */
  | { readonly ok: false; readonly errors: ReadonlyMap<string, string> };

/** What a form without an answer is told. */
function missing(draft: TileDraft): [string, string] | undefined {
  if (draft.scopeKind === 'machines' && draft.devices.length === 0) return ['scope', 'Choose a machine.'];
  if (draft.scopeKind === 'tags' && draft.tags.length === 0) return ['scope', 'Type a tag.'];
  if (draft.scopeKind === 'name' && draft.name.trim() === '') return ['scope', 'Type a name, such as web-*.'];
  return undefined;
}

/** The tile with what the form says, or what is wrong with the form. */
export function tileOf({ kind, id, place }: Tile, draft: TileDraft): Read {
  const lacks = missing(draft);
  const parts = partsOf(kind, draft);
  const read = knownTile.safeParse({ kind, id, place, title: draft.title, ...parts });
  const found = read.success
    ? []
    : read.error.issues.map(({ path, message }): [string, string] => [pathOf(path), message]);
  if ('min' in parts && (draft.min ?? 0) >= (draft.max ?? 100))
    found.push(['max', 'must be above the least value']);
  if ('scope' in parts && lacks !== undefined) found.push(lacks);
  if (read.success && found.length === 0) return { ok: true, tile: read.data };
  return { ok: false, errors: new Map(found.toReversed()) };
}

/** A wrong entry of a list is told at the list. */
function pathOf(path: readonly PropertyKey[]): string {
  const [first, second] = path.map(String);
  return first === 'limits' && second !== undefined ? `${first}.${second}` : (first ?? '');
}
