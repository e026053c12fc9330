/**
 * `GET /devices/{id}/fields`: which fields a machine has, so that a page asks only for what it shows [L6]. A page first
 * reads `kinds` (with `top=1`), which gives it its sections, and then the instances of a section that is open:
 *
 *     ?kind=interface&by=rx&top=12         the twelve busiest interfaces
 *     ?kind=mount&search=var&top=50        the filesystems whose names contain "var"
 *     ?kind=.scalar&custom=true            the machine's own scalars, which are no fields of Watchfloor's agent
 *     ?kind=interface&past=true            those that only the history has, too: an interface that is gone
 *
 * The names in `fields` are whole (`interface:eth0:rx`), as the live connection and `GET /devices/{id}/metrics` take
 * them.
 */
import { z } from 'zod';
import { FIELDS_PER_DEVICE } from './fields.ts';

/** The kind of the scalars (`cpu`), each of which is an instance of its own. No kind of instances begins with a dot. */
export const SCALAR_KIND = '.scalar';

/** So many instances are listed where the request does not say. */
export const LISTED_INSTANCES = 50;
export const MOST_LISTED_INSTANCES = FIELDS_PER_DEVICE;
/** So many fields are named of one kind, or of one instance; `more` says how many there are besides. */
export const LISTED_FIELDS = 100;

const more = z.number().int().nonnegative();

export const fieldKind = z.object({
  kind: z.string(),
  /** How many instances of the kind there are. */
  instances: z.number().int(),
  /** The last part of their fields' names (`rx`), those that most instances have first; empty for scalars. */
  fields: z.array(z.string()),
  more,
  /** How many of the kind's fields are no fields of Watchfloor's agent. */
  custom: z.number().int(),
});
export type FieldKind = z.infer<typeof fieldKind>;

export const listedInstance = z.object({
  kind: z.string(),
  /** For a scalar, its name. */
  instance: z.string(),
  /** Whole names, sorted. */
  fields: z.array(z.string()),
  more,
  /** The values in the machine's newest sample, in the order of `fields`; null where that has none. */
  values: z.array(z.number().nullable()),
  /** Whether the newest sample has it; else only the history does. */
  current: z.boolean(),
});
export type ListedInstance = z.infer<typeof listedInstance>;

export const deviceFieldsReply = z.object({
  device_id: z.string(),
  /** The time of the newest sample, epoch milliseconds; null before the first. */
  sampled_at: z.number().nullable(),
  /** All kinds, whatever the request asks for; scalars first, then by name. */
  kinds: z.array(fieldKind),
  /** How many instances the request asks for, of which `instances` has the first `top`. */
  total: z.number().int(),
  instances: z.array(listedInstance),
});
export type DeviceFieldsReply = z.infer<typeof deviceFieldsReply>;

/** Which fields a machine has, in short: how many instances of each kind. */
export const machineFields = z.object({
  /** Another number where fields came or went: what `GET /devices/{id}/fields` answers has changed then. */
  version: z.number().int(),
  /** The scalars of Watchfloor's agent that it has. */
  scalars: z.array(z.string()),
  /** Kind → how many instances; the KINDS_COUNTED kinds with the most instances. */
  kinds: z.record(z.string(), z.number().int()),
  /** How many fields are none of Watchfloor's agent, instances' ones too. */
  custom: z.number().int(),
});
export type MachineFields = z.infer<typeof machineFields>;
export const KINDS_COUNTED = 50;
