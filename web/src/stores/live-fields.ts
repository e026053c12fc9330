/**
 * [L6] The live values of one machine's fields, of those that are wanted now. Fields that come to be wanted together are
 * one room; the room before is left when the new one is there, so that no sample is missed.
 */
import { MAX_CLIENT_BYTES } from '#protocol/live.ts';
import type { SampleColumns } from '#protocol/sample-columns.ts';
import { VALUES_LIMITS, valuesChange, valuesSnapshot } from '#protocol/values.ts';
import type { Live } from '../live/live.svelte.ts';
import { lastRow } from './samples.ts';

interface Room {
  readonly fields: readonly string[];
  readonly leave: () => void;
  state: 'asking' | 'here' | 'refused';
  latest: Readonly<Record<string, number>>;
}

export interface LiveFieldsParts {
  readonly live: Live;
  readonly deviceId: string;
  /** The fields that are wanted now, some of them perhaps twice. */
  readonly wanted: () => readonly string[];
  /** New samples arrived. `at`: the server's clock, epoch milliseconds. */
  readonly samples: (added: SampleColumns, at: number) => void;
  /** The newest values of fields that came to be wanted are in `latest`. */
  readonly came: () => void;
  /** Samples may have been missed. */
  readonly gap: () => void;
}

/** Charts that come on the screen within this time are one room, milliseconds. */
const GATHER_MS = 100;
/** For the parts of a query that are not its fields. */
const FRAME_BYTES = 512;

const utf8 = new TextEncoder();

/** The fields in queries that are as long as they may be at most. */
function inQueries(fields: readonly string[]): string[][] {
  const queries: string[][] = [];
  let query: string[] = [];
  let bytes = 0;
  for (const field of fields) {
    const added = utf8.encode(JSON.stringify(field)).length + 1;
    const isFull = query.length === VALUES_LIMITS.fields || bytes + added > MAX_CLIENT_BYTES - FRAME_BYTES;
    if (query.length > 0 && isFull) {
      queries.push(query);
      query = [];
      bytes = 0;
    }
    query.push(field);
    bytes += added;
  }
  // A query without fields tells when samples are taken.
  if (query.length > 0 || queries.length === 0) queries.push(query);
  return queries;
}

export class LiveFields {
  readonly #parts: LiveFieldsParts;
  /** By its fields, as one text. */
  readonly #rooms = new Map<string, Room>();
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #running = false;

  constructor(parts: LiveFieldsParts) {
    this.#parts = parts;
  }

  /** The newest values of the fields that are wanted. */
  get latest(): Record<string, number> {
    return Object.assign({}, ...[...this.#rooms.values()].map(({ latest }) => latest));
  }

  /** Whether samples of the field arrive from now on, or never will. */
  covers(field: string): boolean {
    return [...this.#rooms.values()].some(
      ({ state, fields }) => state !== 'asking' && fields.includes(field),
    );
  }

  /** Keeps the wanted fields current until `stop`. */
  start(): void {
    this.#running = true;
    this.changed();
  }

  /** Other fields may be wanted than before. */
  changed(): void {
    if (!this.#running) return;
    this.#gathering ??= setTimeout(() => this.#follow(), this.#rooms.size === 0 ? 0 : GATHER_MS);
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    for (const { leave } of this.#rooms.values()) leave();
    this.#rooms.clear();
  }

  /** The queries for the wanted fields, each with its key. */
  #wanted(): Map<string, string[]> {
    const queries = inQueries([...new Set(this.#parts.wanted())].sort());
    return new Map(queries.map((fields) => [JSON.stringify(fields), fields]));
  }

  #follow(): void {
    this.#gathering = undefined;
    const wanted = this.#wanted();
    for (const [key, room] of [...this.#rooms])
      if (!wanted.has(key) && room.state === 'asking') this.#leave(key);
    for (const [key, fields] of wanted) if (!this.#rooms.has(key)) this.#enter(key, fields);
    this.#leaveUnwanted();
  }

  #enter(key: string, fields: string[]): void {
    const { live, deviceId, samples, came, gap } = this.#parts;
    const scope = { devices: [deviceId], tags: [], name: '' };
    const leave = live.follow(
      { values: { scope, fields } },
      { snapshot: valuesSnapshot, change: valuesChange },
      {
        snapshot: ({ shown }) => {
          const isFirst = room.state !== 'here';
          room.state = 'here';
          room.latest = lastRow(shown[0]?.samples?.fields ?? {});
          if (isFirst) this.#leaveUnwanted();
          else gap();
          came();
        },
        change: ({ values = [] }, at) => {
          for (const added of values) {
            room.latest = lastRow(added.fields);
            samples(added, at);
          }
        },
        missing: () => {
          room.state = 'refused';
          this.#leaveUnwanted();
          came();
        },
      },
    );
    const room: Room = { fields, leave, state: 'asking', latest: {} };
    this.#rooms.set(key, room);
  }

  /** Leaves the rooms that are not wanted any more, once all that are have answered. */
  #leaveUnwanted(): void {
    const wanted = this.#wanted();
    const isAnswered = (key: string) => (this.#rooms.get(key)?.state ?? 'asking') !== 'asking';
    if (![...wanted.keys()].every(isAnswered)) return;
    for (const key of [...this.#rooms.keys()]) if (!wanted.has(key)) this.#leave(key);
  }

  #leave(key: string): void {
    this.#rooms.get(key)?.leave();
    this.#rooms.delete(key);
  }
}
