/** Named views of the fleet's page: a search, an order, columns and groups under a name. */
import { z } from 'zod';
import { optionalText, text } from './text.ts';

/** The most views of one person, and the most shared ones. */
export const MOST_FLEET_VIEWS = 100;

/** The query of the page's URL, without its `?`: `q=tag:prod&sort=-cpu`. The page leaves out what it does not know. */
const query = optionalText(4000);

export const fleetView = z.object({
  id: z.string(),
  name: z.string(),
  query: z.string(),
  /** Whether everybody sees it, or only its owner. */
  shared: z.boolean(),
  /** The user who made it. */
  owner: z.string(),
  /** Whether the fleet's page opens with it for the person who asks. */
  start: z.boolean(),
  changed_at: z.number(),
});
export type FleetView = z.infer<typeof fleetView>;
/** Sorted by name. */
export const fleetViewsReply = z.object({ fleet_views: z.array(fleetView) });

export const fleetViewCreate = z.strictObject({
  name: text(80),
  query: query.default(''),
  shared: z.boolean().default(false),
  start: z.boolean().default(false),
});
export type NewFleetView = z.input<typeof fleetViewCreate>;
/** Replaces the properties that are present. */
export const fleetViewPatch = z.strictObject({
  name: text(80).optional(),
  query: query.optional(),
  shared: z.boolean().optional(),
  start: z.boolean().optional(),
});
export type FleetViewPatch = z.input<typeof fleetViewPatch>;
