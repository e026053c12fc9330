/** What happened to machines, besides their numbers: for the timeline of a machine and the event lists of boards. */
import { z } from 'zod';
import { severity } from './alerts.ts';

export const eventKind = z.enum([
  'joined',
  'online',
  'offline',
  'rebooted',
  /** Another version of the agent. */
  'agent',
  /** Another address. */
  'address',
  /** Another host name. */
  'hostname',
  /** Another operating system or kernel. */
  'system',
  'token_revoked',
  /** [F4] `shared`: several machines push as this device from now on; `alone`: only one does again. */
  'shared',
  'alone',
  'alert_raised',
  'alert_resolved',
]);
export type EventKind = z.infer<typeof eventKind>;

export const machineEvent = z.object({
  id: z.string(),
  device_id: z.string(),
  /** The name that pages show now; of a removed device, as it was last. */
  device_name: z.string(),
  /** Epoch milliseconds. */
  at: z.number(),
  kind: eventKind,
  /** What it was before and is now, where that says more: `1.0.2`, `1.1.0`. Empty where it does not. */
  before: z.string(),
  now: z.string(),
  /** Of an alert. */
  alert: z.object({ id: z.string(), rule_name: z.string(), severity }).nullable(),
});
export type MachineEvent = z.infer<typeof machineEvent>;
/** Newest first. */
export const eventsReply = z.object({ events: z.array(machineEvent) });
