/**
 * The shapes of what a wall shows: playlists, and display links, which open a wall without a login [W1]. All times are
 * epoch milliseconds, UTC.
 */
import { z } from 'zod';
import { board } from './boards.ts';
import { machineScope } from './machine-scope.ts';
import { clockTime } from './notify.ts';
import { text, timeZone } from './text.ts';
import { timestamp } from './timestamp.ts';

const seconds = z.number().int().min(5).max(3600).default(30);

/** One page of a wall: all machines of a scope, or a board. A wall with one page shows it for good. */
export const wallPage = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('fleet'), scope: machineScope, seconds }),
  z.strictObject({ kind: z.literal('board'), board_id: z.string().max(64), seconds }),
]);
export type WallPage = z.infer<typeof wallPage>;

/** When a new alert is heard. */
const sound = z.enum(['off', 'once', 'until_acknowledged']);
export type Sound = z.infer<typeof sound>;

export const wallSettings = z.strictObject({
  /** Of the machines: `fixed` by name, so that eyes learn places, or the worst state first. */
  order: z.enum(['fixed', 'worst']).default('fixed'),
  sound: z
    .strictObject({ warning: sound.default('off'), critical: sound.default('off') })
    .default({ warning: 'off', critical: 'off' }),
  /** Every day the screen is dimmed from one time to the other; null: never. `brightness`: percent. */
  night: z
    .strictObject({
      from: clockTime,
      to: clockTime,
      time_zone: timeZone,
      brightness: z.number().int().min(10).max(90),
    })
    .nullable()
    .default(null),
  /** While something is critical, the wall stays on the first page that shows it. */
  stay_on_critical: z.boolean().default(true),
  /** Moves everything by some pixels every few minutes, so that nothing burns in. */
  pixel_shift: z.boolean().default(true),
  theme: z.enum(['dark', 'light', 'contrast']).default('dark'),
});
export type WallSettings = z.infer<typeof wallSettings>;
export const DEFAULT_WALL_SETTINGS: WallSettings = wallSettings.parse({});

const pages = z.array(wallPage).min(1).max(50);
export const MOST_PLAYLISTS = 100;

export const playlist = z.object({
  id: z.string(),
  name: text(120),
  pages,
  settings: wallSettings,
  created_at: z.number(),
  created_by: z.string(),
});
export type Playlist = z.infer<typeof playlist>;
export const playlistsReply = z.object({ playlists: z.array(playlist) });
export const playlistCreate = z.strictObject({
  name: text(120),
  pages,
  settings: wallSettings.default(DEFAULT_WALL_SETTINGS),
});
export const playlistPatch = z.strictObject({
  name: text(120).optional(),
  pages: pages.optional(),
  settings: wallSettings.optional(),
});

// --- display links -----------------------------------------------------------------------------------

export const MOST_DISPLAY_LINKS = 200;

/** What a display link shows: a playlist, as it is at the time, or pages of its own. */
export const shows = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('playlist'), playlist_id: z.string().max(64) }),
  z.strictObject({
    kind: z.literal('pages'),
    pages,
    settings: wallSettings.default(DEFAULT_WALL_SETTINGS),
  }),
]);
export type Shows = z.infer<typeof shows>;

/** Addresses and networks, such as `10.1.0.0/16`. */
const networks = z.array(z.string().min(1).max(64)).max(50);

export const displayLink = z.object({
  id: z.string(),
  name: text(120),
  shows,
  /** When it stops working; null: never. */
  expires_at: z.number().nullable(),
  /** Where it may be opened and used; empty: everywhere that people may come from. */
  networks,
  created_at: z.number(),
  created_by: z.string(),
  /** How many screens have it open now. */
  open: z.number().int(),
  /** When a screen last asked, from where, and which version of the page it runs; null before the first time. */
  last_seen: z.number().nullable(),
  address: z.string().nullable(),
  /** The browser, as it calls itself. */
  agent: z.string().nullable(),
  version: z.string().nullable(),
});
export type DisplayLink = z.infer<typeof displayLink>;
export const displayLinksReply = z.object({ display_links: z.array(displayLink) });
export const displayLinkCreate = z.strictObject({
  name: text(120),
  shows,
  expires_at: timestamp.nullable().default(null),
  networks: networks.default([]),
});
/** The only reply that has the link's secret: the path of the link, to be put behind the server's address. */
export const displayLinkCreated = displayLink.extend({ path: z.string() });
export const displayLinkPatch = z.strictObject({
  name: text(120).optional(),
  shows: shows.optional(),
  expires_at: timestamp.nullable().optional(),
  networks: networks.optional(),
});

/** [W1] The secret of a link, once, for a cookie. `version`: of the page that opens it. */
export const displayOpen = z.strictObject({
  secret: z.string().max(200),
  version: z.string().max(64).default(''),
});

/** A page of a wall with all that it needs. A board that was removed is `null`. */
export const resolvedPage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('fleet'), scope: machineScope, seconds: z.number() }),
  z.object({ kind: z.literal('board'), board: board.nullable(), seconds: z.number() }),
]);
export type ResolvedPage = z.infer<typeof resolvedPage>;

/** What a wall shows. `GET /display` answers it to a display; it asks again every DISPLAY_ASKS_MS. */
export const wallProgram = z.object({
  name: z.string(),
  pages: z.array(resolvedPage),
  settings: wallSettings,
  /** When the display link stops working; null: never. */
  expires_at: z.number().nullable(),
  /** Another text whenever any of this is different. */
  revision: z.string(),
});
export type WallProgram = z.infer<typeof wallProgram>;
export const DISPLAY_ASKS_MS = 10_000;
