/**
 * Values queries: a client subscribes to the values of some fields of some machines, and gets no others [L6].
 *
 *     subscribe({values: {scope: {devices: ['web-1']}, fields: ['cpu', 'mount:*:used']}}, reply)
 *
 * The reply's `room` is the name under which the changes come. The snapshot has each machine of the scope with the
 * newest values of the asked fields; a change has the machines that came into the scope, left it, or changed, and the
 * new samples. Viewers who ask for the same, in whatever order, share one message.
 *
 * A query has at most VALUES_LIMITS.fields names, and a message with it at most MAX_CLIENT_BYTES. One that finds more than
 * VALUES_LIMITS.values values is answered `too_large`. Where the server, or one session, has as many queries open as it
 * may, or the open ones are as much work as they may be, a new one is answered `forbidden`.
 */
import { z } from 'zod';
import { device } from './api.ts';
import type { MachineScope } from './machine-scope.ts';
import { sampleColumns } from './sample-columns.ts';

export const VALUES_LIMITS = {
  /** The most names and patterns of a query. */
  fields: 500,
  /** The most values in a snapshot, machines times fields. */
  values: 200_000,
  /** The most different queries that are open on a server. */
  rooms: 2000,
  /** [S5] The most of them that one session, or all screens of a display link, have opened. */
  roomsOfOne: 500,
  /**
   * [S5] The most work of all open queries together, and of those of one session or display link. The work of a query is
   * the number of its machines times that of its names: so many values are looked for each time that all machines push,
   * which takes about a second for five million. A board of 30 tiles that each show 3 fields of 10,000 machines is
   * 900,000, and screens that show the same board share its queries.
   */
  work: 10_000_000,
  workOfOne: 4_000_000,
  /** A pattern counts as so many names, about as many as a machine has cores; of more, those that it found. */
  namesOfPattern: 10,
  /** Of a query whose machines push every second, with all samples sent, each value counts so often. */
  closeCounts: 5,
  /**
   * The agents of at most so many machines in one query push every second, and all their samples are sent; of more
   * machines, the newest sample of each push.
   */
  closely: 20,
} as const;

export interface ValuesQuery {
  readonly scope: MachineScope;
  /** Names, and patterns with `*` for the instance (`mount:*:used`); none: only when samples were taken. */
  readonly fields: readonly string[];
}

/** The same text for queries that ask for the same. */
export function valuesKey({ scope, fields }: ValuesQuery): string {
  const sorted = (names: readonly string[]) => [...new Set(names)].sort();
  return JSON.stringify([sorted(scope.devices), sorted(scope.tags), scope.name, sorted(fields)]);
}

/** What is shown of a machine beside its values. */
export const valuesDevice = device.pick({
  device_id: true,
  name: true,
  tags: true,
  status: true,
  last_seen: true,
  interval_s: true,
});
export type ValuesDevice = z.infer<typeof valuesDevice>;

/** `samples`: of the asked fields those that it has; in a snapshot the newest one, none before the first. */
const shownDevice = z.object({ device: valuesDevice, samples: sampleColumns.optional() });
export type ShownDevice = z.infer<typeof shownDevice>;

export const valuesSnapshot = z.object({ shown: z.array(shownDevice) });
export type ValuesSnapshot = z.infer<typeof valuesSnapshot>;

/** The new samples of one machine, also where they have none of the asked fields. */
const newSamples = sampleColumns.extend({ id: z.string() });
export type NewSamples = z.infer<typeof newSamples>;

/**
 * The client applies `removed` first (machines that left the scope), then `shown` (those that came into it, with
 * samples, and those that are known and changed, without), then `values`.
 */
export const valuesChange = z.object({
  removed: z.array(z.string()).optional(),
  shown: z.array(shownDevice).optional(),
  values: z.array(newSamples).optional(),
});
export type ValuesChange = z.infer<typeof valuesChange>;
