/**
 * The live wire: socket.io, websocket only, path `/socket.io`, the session cookie of the page.
 *
 * - [L1] `subscribe(room)` is acknowledged with `{ok: true, snapshot}` or `{ok: false, code}`. A snapshot has the
 *   room's current number `seq`; after it come `change` events numbered seq+1, seq+2, …. Any other number is a
 *   gap: the client MUST subscribe again and replace what it shows. Messages may vanish silently.
 * - [L4] `pulse` comes every PULSE_MS to every client. A client that has heard nothing for SILENCE_MS MUST show
 *   its numbers as stale and reconnect.
 * - [L5] The server sends `bye` with a reason and closes when the session ended or the server stops.
 */
import { z } from 'zod';
import { alert, device, deviceDetail } from './api.ts';

export const LIVE_PATH = '/socket.io';
export const PULSE_MS = 1000;
export const SILENCE_MS = 4000;
/** Changes are gathered this long, then sent as one message a room. */
export const GATHER_MS = 40;

/** `fleet`, `alerts` or `device:<id>`. */
export type RoomName = 'fleet' | 'alerts' | `device:${string}`;
export const roomName = z.union([
  z.literal('fleet'),
  z.literal('alerts'),
  z.templateLiteral(['device:', z.string().min(1).max(128)]),
]);

/** The scalars a fleet row draws: in every fleet change, as columns. */
export const FLEET_FIELDS = ['cpu', 'ram', 'disk', 'net_tx', 'net_rx'] as const;
export type FleetField = (typeof FLEET_FIELDS)[number];

/** Something for each of the fleet's fields. */
export function perFleetField<T>(make: (field: FleetField) => T): Record<FleetField, T> {
  return {
    cpu: make('cpu'),
    ram: make('ram'),
    disk: make('disk'),
    net_tx: make('net_tx'),
    net_rx: make('net_rx'),
  };
}

const column = z.array(z.number().nullable());

/** Values of many devices, column by column: `cpu[i]` belongs to device `id[i]`. A device may stand in it twice, in order of time. */
const fleetColumns = z.object({
  id: z.array(z.string()),
  /** The samples' own times. */
  t: z.array(z.number()),
  ...perFleetField(() => column),
});
export type FleetColumns = z.infer<typeof fleetColumns>;

/** The last minutes of one device for its sparklines, oldest first. */
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

/** Applied in this order: removed, devices (new or changed rows, whole), values. */
export const fleetChange = z.object({
  removed: z.array(z.string()).optional(),
  devices: z.array(device).optional(),
  values: fleetColumns.optional(),
});
export type FleetChange = z.infer<typeof fleetChange>;

/** New samples of one device, column by column; null where a sample has no such field. */
const sampleColumns = z.object({ t: z.array(z.number()), fields: z.record(z.string(), column) });
export type SampleColumns = z.infer<typeof sampleColumns>;

export const deviceSnapshot = z.object({ device: deviceDetail });
export type DeviceSnapshot = z.infer<typeof deviceSnapshot>;

/** `device` is the whole object again where anything but its values changed. */
export const deviceChange = z.object({
  device: deviceDetail.optional(),
  samples: sampleColumns.optional(),
  removed: z.literal(true).optional(),
});
export type DeviceChange = z.infer<typeof deviceChange>;

/** Active alerts. */
export const alertsSnapshot = z.object({ alerts: z.array(alert) });
export type AlertsSnapshot = z.infer<typeof alertsSnapshot>;
/** Alerts that were raised, changed or resolved, whole. */
export const alertsChange = z.object({ alerts: z.array(alert) });
export type AlertsChange = z.infer<typeof alertsChange>;

/** What is around every snapshot and change. `at` is the server's clock. */
export interface Envelope<Data> {
  readonly room: RoomName;
  readonly seq: number;
  readonly at: number;
  readonly data: Data;
}
/** The envelope at the client's edge; `data` is parsed by the room's own schema. */
export const envelope = z.object({
  room: roomName,
  seq: z.number().int(),
  at: z.number(),
  data: z.unknown(),
});

export type SubscribeReply =
  | { readonly ok: true; readonly snapshot: Envelope<unknown> }
  | { readonly ok: false; readonly code: 'unknown_room' | 'not_found' | 'forbidden' | 'invalid' };
export const subscribeReply = z.union([
  z.object({ ok: z.literal(true), snapshot: envelope }),
  z.object({ ok: z.literal(false), code: z.enum(['unknown_room', 'not_found', 'forbidden', 'invalid']) }),
]);

export type ByeReason = 'session_ended' | 'server_stopping';

export interface ServerToClient {
  change: (change: Envelope<unknown>) => void;
  pulse: (pulse: { at: number }) => void;
  bye: (reason: ByeReason) => void;
}
export interface ClientToServer {
  subscribe: (room: string, reply: (answer: SubscribeReply) => void) => void;
  unsubscribe: (room: string) => void;
}
