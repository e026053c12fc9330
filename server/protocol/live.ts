/**
 * The live connection: socket.io at the path `/socket.io`, websocket only, authenticated by the page's
 * session cookie.
 *
 * - [L1] `subscribe(target)` is acknowledged with `{ok: true, snapshot}` or `{ok: false, code}`. A snapshot has
 *   the room's number `seq` at the time it was made, at most a second ago; `change` events numbered seq+1, seq+2, …
 *   follow. Messages can be lost without notice, so any other number is a gap: the client MUST subscribe again and
 *   replace what it shows.
 * - A target is `fleet`, `alerts`, `device:<id>`, or a values query (`#protocol/values.ts`). The snapshot's `room` is the
 *   name under which its changes come: for a values query, and for a display, one that the server gives [W1].
 * - [W1] A connection with `as=display` in the query of its address is authenticated by the display's cookie. A display's
 *   `fleet` and `alerts` have the machines that it may see; another machine is `not_found`, and in no values query.
 * - [L3] A large snapshot comes in parts, so that a slow line never has more than one of them to carry at a time: its
 *   envelope says how many parts are `left`, and the client asks for each with `part(room)`. `joinParts` puts them
 *   together.
 * - [S5] A session that has asked for more snapshots than it may gets no answer for now: the client asks again later.
 *   A client that sends anything else than one CONNECT and these events, or too many of them, is disconnected.
 * - [L4] The server sends `pulse` to every client every PULSE_MS milliseconds. A client that has received
 *   nothing for STALE_AFTER_MS milliseconds MUST show its numbers as stale and reconnect.
 * - [L5] When the session ends or the server stops, the server sends `bye` with the reason and closes the
 *   connection.
 */
import { z } from 'zod';
import { alert } from './alerts.ts';
import { device, deviceDetail } from './api.ts';
import { machineFields } from './device-fields.ts';
import { column } from './sample-columns.ts';
import type { ValuesQuery } from './values.ts';

/** [W1] Whose session counts: that of the person, or that of the display link. A browser may have both. */
export type SessionOf = 'person' | 'display';

export const LIVE_PATH = '/socket.io';
export const PULSE_MS = 1000;
export const STALE_AFTER_MS = 4000;
/** How long, in milliseconds, the server gathers a room's changes before it sends them as one message. */
export const GATHER_MS = 40;

/** [S5] The longest message of a client, bytes: a subscription with a values query. */
export const MAX_CLIENT_BYTES = 16 * 1024;

export const namedRoom = z.union([
  z.literal('fleet'),
  z.literal('alerts'),
  z.templateLiteral(['device:', z.string().min(1).max(128)]),
]);
/** What a client subscribes to. */
export type Target = z.infer<typeof namedRoom> | { readonly values: ValuesQuery };

export const roomName = z.union([
  namedRoom,
  z.templateLiteral([z.enum(['fleet', 'alerts', 'values', 'seen']), ':', z.number().int()]),
]);
/** The name under which changes come: that of the target, or one that the server gives. */
export type RoomName = z.infer<typeof roomName>;

/** The scalars that a row of the fleet page shows. Every fleet change carries them, one column each. */
export const FLEET_FIELDS = ['cpu', 'ram', 'disk', 'net_tx', 'net_rx'] as const;
export type FleetField = (typeof FLEET_FIELDS)[number];

/** An object with one property per fleet field, each made by `make`. */
export function perFleetField<T>(make: (field: FleetField) => T): Record<FleetField, T> {
  return {
    cpu: make('cpu'),
    ram: make('ram'),
    disk: make('disk'),
    net_tx: make('net_tx'),
    net_rx: make('net_rx'),
  };
}

/**
 * Values of many devices in columns: `cpu[i]` belongs to the device `id[i]` at the time `t[i]`. A device that
 * pushed twice since the last message is listed twice, in the order of arrival: the last one is its current one,
 * also where a clock was set back and its time is the earlier one.
 */
const fleetColumns = z.object({
  id: z.array(z.string()),
  /** The samples' times. */
  t: z.array(z.number()),
  ...perFleetField(() => column),
});
export type FleetColumns = z.infer<typeof fleetColumns>;

/** The last minutes of one device in columns, oldest first, for its sparklines. */
export const recent = z.object({
  t: z.array(z.number()),
  ...perFleetField(() => column),
});
export type Recent = z.infer<typeof recent>;

export const fleetSnapshot = z.object({
  devices: z.array(device),
  recent: z.record(z.string(), recent),
});
export type FleetSnapshot = z.infer<typeof fleetSnapshot>;

const fleetPart = z.object({ devices: z.array(z.unknown()), recent: z.record(z.string(), z.unknown()) });
const alertsPart = z.object({ alerts: z.array(z.unknown()), total: z.number() });
const valuesPart = z.object({ shown: z.array(z.unknown()) });

/**
 * The whole of a snapshot that came in parts, of the fleet, of the alerts or of a values query; undefined where one of
 * them is no part.
 */
export function joinParts(parts: readonly unknown[]): unknown {
  const values = z.array(valuesPart).safeParse(parts);
  if (values.success) return { shown: values.data.flatMap(({ shown }) => shown) };
  const alerts = z.array(alertsPart).safeParse(parts);
  if (alerts.success)
    return { alerts: alerts.data.flatMap((part) => part.alerts), total: alerts.data.at(-1)?.total };
  const fleet = z.array(fleetPart).safeParse(parts);
  if (!fleet.success) return undefined;
  const recents = fleet.data.flatMap((part) => Object.entries(part.recent));
  return { devices: fleet.data.flatMap(({ devices }) => devices), recent: Object.fromEntries(recents) };
}

/** The client applies `removed` first, then `devices` (complete new or changed rows), then `values`. */
export const fleetChange = z.object({
  removed: z.array(z.string()).optional(),
  devices: z.array(device).optional(),
  values: fleetColumns.optional(),
});
export type FleetChange = z.infer<typeof fleetChange>;

/** [L6] `device` has no `metrics`: a values query gives those that are drawn. */
export const deviceSnapshot = z.object({ device: deviceDetail, fields: machineFields });
export type DeviceSnapshot = z.infer<typeof deviceSnapshot>;

/** `device` is the complete object. Both are present when anything but the device's values changed. */
export const deviceChange = z.object({
  device: deviceDetail.optional(),
  fields: machineFields.optional(),
  removed: z.literal(true).optional(),
});
export type DeviceChange = z.infer<typeof deviceChange>;

/** The active alerts; where there are more than MOST_LIVE_ALERTS, the worst of them. `total`: how many are active. */
export const alertsSnapshot = z.object({ alerts: z.array(alert), total: z.number().int() });
/**
 * The complete alerts that were raised, changed or resolved; and where not all alerts are sent, the worst one of each of
 * their machines, which may not have been sent before.
 */
export const alertsChange = alertsSnapshot;
export type AlertsChange = z.infer<typeof alertsChange>;

/** The wrapper of every snapshot and change. */
export interface Envelope<Data> {
  readonly room: RoomName;
  readonly seq: number;
  /** The server's time, epoch milliseconds. */
  readonly at: number;
  readonly data: Data;
}
/** The wrapper as the client checks it on arrival; the room's own schema then checks `data`. */
export const envelope = z.object({
  room: roomName,
  seq: z.number().int(),
  at: z.number(),
  data: z.unknown(),
});

/** A snapshot, or a part of one. */
export interface SnapshotEnvelope extends Envelope<unknown> {
  /** How many more parts there are; absent: none. */
  readonly left?: number | undefined;
}

/**
 * Why there is no snapshot. `invalid`: the values query is none; `forbidden`: it would be one room or subscription too
 * many, or more work than VALUES_LIMITS allows; `too_large`: it finds more than VALUES_LIMITS.values values.
 */
const refusal = z.enum(['unknown_room', 'not_found', 'forbidden', 'invalid', 'too_large']);
export type SubscribeRefusal = z.infer<typeof refusal>;

/** The answer to `subscribe` and to `part`. */
export type SubscribeReply =
  | { readonly ok: true; readonly snapshot: SnapshotEnvelope }
  | { readonly ok: false; readonly code: SubscribeRefusal };
export const subscribeReply = z.union([
  z.object({
    ok: z.literal(true),
    snapshot: envelope.extend({ left: z.number().int().nonnegative().optional() }),
  }),
  z.object({ ok: z.literal(false), code: refusal }),
]);

export type ByeReason = 'session_ended' | 'server_stopping';

export interface ServerToClient {
  change: (change: Envelope<unknown>) => void;
  pulse: (pulse: { at: number }) => void;
  bye: (reason: ByeReason) => void;
}
export interface ClientToServer {
  subscribe: (target: unknown, reply: (answer: SubscribeReply) => void) => void;
  /** Asks for the next part of the snapshot of the room of this name; `not_found` where there is none. */
  part: (room: string, reply: (answer: SubscribeReply) => void) => void;
  /** The room's name, or the target while no snapshot has told it. */
  unsubscribe: (room: unknown) => void;
}
