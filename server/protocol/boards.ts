/**
 * The shapes of boards: pages that people lay out from tiles. A board is a grid of GRID_COLUMNS columns; its tiles keep
 * their places on every screen. On a wall the whole board is scaled to the screen; on a phone its tiles come one below
 * the other, in the order of their places.
 */
import { z } from 'zod';
import { severity } from './alerts.ts';
import { machineScope } from './machine-scope.ts';
import { optionalText, text, timeZone } from './text.ts';

export const GRID_COLUMNS = 24;
/** The most rows of a board. */
export const GRID_ROWS = 240;
export const TILES_PER_BOARD = 60;
export const MOST_BOARDS = 200;
/** So many earlier versions of a board are kept; fewer where those of all boards together are very large. */
export const VERSIONS_KEPT = 20;
/** The most characters that the tiles of a board have as JSON. */
export const BOARD_CHARACTERS = 128 * 1024;

/** Where a tile is, in columns and rows of the grid; `x` and `y` of its upper left corner. */
const place = z
  .strictObject({
    x: z
      .number()
      .int()
      .min(0)
      .max(GRID_COLUMNS - 1),
    y: z
      .number()
      .int()
      .min(0)
      .max(GRID_ROWS - 1),
    w: z.number().int().min(1).max(GRID_COLUMNS),
    h: z.number().int().min(1).max(GRID_ROWS),
  })
  .refine(({ x, w }) => x + w <= GRID_COLUMNS, 'reaches beyond the last column');
export type Place = z.infer<typeof place>;

/** A field's name, or a pattern with `*` for the instance, such as `mount:*:used`. */
export const fieldPattern = z.string().min(1).max(400);

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** How far back a tile reaches from now, milliseconds. */
const range = z
  .number()
  .int()
  .min(MINUTE_MS)
  .max(400 * DAY_MS);

/** One number from those of several machines, or of several instances. */
export const reduction = z.enum(['mean', 'max', 'min', 'sum']);
export type Reduction = z.infer<typeof reduction>;

/** From which value on a number is shown as warning and critical; null: never. `below`: from there downwards. */
const limits = z.strictObject({
  warning: z.number().nullable().default(null),
  critical: z.number().nullable().default(null),
  below: z.boolean().default(false),
});
export type Limits = z.infer<typeof limits>;
const NO_LIMITS: Limits = { warning: null, critical: null, below: false };

const most = z.number().int().min(1).max(50);
const base = {
  /** Unique on its board. */
  id: z.string().regex(/^[A-Za-z0-9_-]{1,40}$/, 'is 1 to 40 letters, digits, "_" or "-"'),
  /** Empty: a title that says what the tile shows. */
  title: optionalText(120).default(''),
  place,
};

/** One number, large. */
const numberTile = z.strictObject({
  ...base,
  kind: z.literal('number'),
  scope: machineScope,
  field: fieldPattern,
  reduction: reduction.default('mean'),
  limits: limits.default(NO_LIMITS),
  /** The line below the number reaches so far back; null: no line. */
  range_ms: range.nullable().default(null),
});
/** One number on a dial from `min` to `max`. */
const gaugeTile = z.strictObject({
  ...base,
  kind: z.literal('gauge'),
  scope: machineScope,
  field: fieldPattern,
  reduction: reduction.default('mean'),
  min: z.number().default(0),
  max: z.number().default(100),
  limits: limits.default(NO_LIMITS),
});
/** Fields over time: of one machine, or of the `top` machines or instances with the largest mean. */
const lineTile = z.strictObject({
  ...base,
  kind: z.literal('line'),
  scope: machineScope,
  fields: z.array(fieldPattern).min(1).max(6),
  top: most.max(20).default(8),
  range_ms: range.default(60 * MINUTE_MS),
});
/** A bar for each machine or instance, the largest or the smallest first. */
const barTile = z.strictObject({
  ...base,
  kind: z.literal('bar'),
  scope: machineScope,
  field: fieldPattern,
  most: most.default(10),
  smallest: z.boolean().default(false),
  limits: limits.default(NO_LIMITS),
});
/** Machines × time, the value as a shade. */
const heatmapTile = z.strictObject({
  ...base,
  kind: z.literal('heatmap'),
  scope: machineScope,
  field: fieldPattern,
  most: most.default(30),
  range_ms: range.default(60 * MINUTE_MS),
});
/** Machines with their fields, one column each. */
const tableTile = z.strictObject({
  ...base,
  kind: z.literal('table'),
  scope: machineScope,
  fields: z.array(fieldPattern).min(1).max(12),
  most: z.number().int().min(1).max(200).default(20),
});
/** A cell for each machine, in the colour of its state. */
const statusTile = z.strictObject({
  ...base,
  kind: z.literal('status'),
  scope: machineScope,
  /** `fixed`: by name, so that eyes learn places. */
  order: z.enum(['fixed', 'worst']).default('fixed'),
});
/** The alerts that fire. */
const alertsTile = z.strictObject({
  ...base,
  kind: z.literal('alerts'),
  scope: machineScope,
  severities: z.array(severity).max(2).default([]),
});
/** What happened: reboots, machines that went offline, alerts. */
const eventsTile = z.strictObject({
  ...base,
  kind: z.literal('events'),
  scope: machineScope,
  range_ms: range.default(DAY_MS),
});
/** Markdown, shown without anything that runs or loads. */
const textTile = z.strictObject({ ...base, kind: z.literal('text'), markdown: optionalMarkdown() });
const clockTile = z.strictObject({
  ...base,
  kind: z.literal('clock'),
  /** Null: that of the screen. */
  time_zone: timeZone.nullable().default(null),
  seconds: z.boolean().default(true),
});
/** For each tag that begins with `tag_prefix` (empty: for all machines together): how many are in which state. */
const summaryTile = z.strictObject({
  ...base,
  kind: z.literal('summary'),
  scope: machineScope,
  tag_prefix: optionalText(40).default(''),
});
const pictureTile = z.strictObject({
  ...base,
  kind: z.literal('picture'),
  /** As `POST /pictures` answered. */
  picture: z.string().regex(/^[0-9a-f]{64}$/, 'is no picture; upload it first'),
  /** For those who cannot see it. */
  alt: optionalText(200).default(''),
  fit: z.enum(['contain', 'cover']).default('contain'),
});

function optionalMarkdown() {
  // Unlike other texts, line breaks stay.
  return z.string().max(20_000).default('');
}

export const knownTile = z.discriminatedUnion('kind', [
  numberTile,
  gaugeTile,
  lineTile,
  barTile,
  heatmapTile,
  tableTile,
  statusTile,
  alertsTile,
  eventsTile,
  textTile,
  clockTile,
  summaryTile,
  pictureTile,
]);
export type Tile = z.infer<typeof knownTile>;
export type TileKind = Tile['kind'];
export type TileOf<Kind extends TileKind> = Extract<Tile, { kind: Kind }>;
export const TILE_KINDS: readonly TileKind[] = knownTile.options.map((option) => option.shape.kind.value);

const isKnownKind = (kind: string): kind is TileKind => TILE_KINDS.some((known) => known === kind);

/** A tile of a kind that a later version has: it keeps its place, and what it is stays as it was imported. */
const unknownTile = z
  .looseObject({ ...base, kind: z.string().max(40) })
  .refine(({ kind }) => !isKnownKind(kind), 'does not have the shape of its kind')
  .refine((tile) => JSON.stringify(tile).length <= 4000, 'is too large for a tile of an unknown kind');
export type UnknownTile = z.infer<typeof unknownTile>;
export type AnyTile = Tile | UnknownTile;

export function isKnownTile(tile: AnyTile): tile is Tile {
  return isKnownKind(tile.kind);
}

/** The reading of one tile, whose errors are those of its own kind. */
const tile = z.unknown().transform((value, context): AnyTile => {
  const kind = z.object({ kind: z.string() }).safeParse(value);
  const schema: z.ZodType<AnyTile> = kind.success && isKnownKind(kind.data.kind) ? knownTile : unknownTile;
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  for (const { path, message } of read.error.issues) context.addIssue({ code: 'custom', path, message });
  return z.NEVER;
});

const tiles = z
  .array(tile)
  .max(TILES_PER_BOARD)
  .refine((all) => JSON.stringify(all).length <= BOARD_CHARACTERS, 'are too large for one board')
  .superRefine((all, context) => {
    const seen = new Set<string>();
    for (const [index, { id }] of all.entries()) {
      if (seen.has(id)) context.addIssue({ code: 'custom', path: [index, 'id'], message: 'is there twice' });
      seen.add(id);
    }
  });

/** What is saved. A board of an earlier version may have tiles below the last row; it is shown, and saved once they fit. */
const savedTiles = tiles.superRefine((all, context) => {
  for (const [index, { id, place: at }] of all.entries()) {
    const end = at.y + at.h;
    if (end <= GRID_ROWS) continue;
    const message = `of the tile "${id}" reaches to row ${end}, beyond the last one, ${GRID_ROWS}; move it up or make it smaller`;
    context.addIssue({ code: 'custom', path: [index, 'place'], message });
  }
});

export const board = z.object({
  id: z.string(),
  name: text(120),
  /** 1 for a new board, and one more with every change. */
  version: z.number().int().min(1),
  created_at: z.number(),
  created_by: z.string(),
  updated_at: z.number(),
  updated_by: z.string(),
  tiles,
});
export type Board = z.infer<typeof board>;

/** A board in a list. */
export const boardSummary = board.omit({ tiles: true }).extend({ tiles: z.number().int() });
export type BoardSummary = z.infer<typeof boardSummary>;
export const boardsReply = z.object({ boards: z.array(boardSummary) });
/** Also the shape of an exported file. */
export const boardCreate = z.strictObject({ name: text(120), tiles: savedTiles.default([]) });
/** `version` is the one that was edited: a board that somebody else has changed since is not overwritten. */
export const boardPatch = z.strictObject({
  version: z.number().int().min(1),
  name: text(120).optional(),
  tiles: savedTiles.optional(),
});
/** A board as it was; it is restored by a change to its name and tiles. */
export const boardVersion = board.pick({
  version: true,
  name: true,
  updated_at: true,
  updated_by: true,
  tiles: true,
});
export type BoardVersion = z.infer<typeof boardVersion>;
/** Earlier versions, newest first, without the current one. */
export const boardVersionsReply = z.object({ versions: z.array(boardVersion) });

/** What a picture may be. */
export const PICTURE_TYPES = ['image/png', 'image/jpeg', 'image/webp', 'image/gif'] as const;
export type PictureType = (typeof PICTURE_TYPES)[number];
/** The largest picture, bytes. */
export const PICTURE_BYTES = 512 * 1024;
/** The longest side of a picture, pixels: what unpacks to more would take a wall's memory. */
export const PICTURE_SIDE = 8192;
export const pictureCreate = z.strictObject({
  type: z.enum(PICTURE_TYPES),
  /** The file as base64. */
  data: z.string().max(Math.ceil(PICTURE_BYTES / 3) * 4),
});
export const pictureCreated = z.object({ id: z.string() });
