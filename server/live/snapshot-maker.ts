/**
 * [S5] Makes the snapshot of many devices in slices of a few milliseconds, since 10,000 devices take a third of a second
 * in which no push would be answered.
 */
import type { Log } from '../types.ts';

/** So many devices take about 2 ms. */
const SLICE_DEVICES = 50;
/** A slice ends after so many milliseconds, too: a device with five hundred values takes as long as forty with five. */
const SLICE_MS = 3;

/** Says when the next slice may be made, so that many snapshots are made in turn. */
interface Turns {
  turn(): Promise<void>;
}

/** Devices at one time, each read when it is asked for. */
export interface SnapshotRows<Row> {
  readonly ids: readonly string[];
  /** Undefined for a device that was removed, or that the snapshot does not show. */
  row(deviceId: string): Row | undefined;
  /** How many values are in the row, where a snapshot may have so many at most. */
  readonly bound?: { readonly most: number; readonly valuesIn: (row: Row) => number };
  /** Characters of the row's JSON. */
  chars(row: Row): number;
  /** A part of the snapshot, as JSON. */
  joined(rows: readonly Row[]): string;
}

/**
 * [L3] Characters in a part of the snapshot: a line of 1 Mbit/s carries it in the time that a page waits for an answer.
 * The fleet of 10,000 devices takes about 20 parts.
 */
const PART_CHARS = 512 * 1024;

/** The rows as snapshots that each hold some of them; one without rows where there are none. */
function inParts<Row>(rows: Iterable<Row>, { chars, joined }: SnapshotRows<Row>): string[] {
  const parts: string[] = [];
  let part: Row[] = [];
  let sum = 0;
  for (const row of rows) {
    const added = chars(row);
    if (part.length > 0 && sum + added > PART_CHARS) {
      parts.push(joined(part));
      part = [];
      sum = 0;
    }
    part.push(row);
    sum += added;
  }
  parts.push(joined(part));
  return parts;
}

/** A snapshot as JSON, in parts, or why there is none. */
export type SnapshotParts = readonly string[] | 'not_found' | 'too_large';

export class SnapshotMaker<Row> {
  readonly #todo: Set<string>;
  readonly #source: SnapshotRows<Row>;
  readonly #room: Turns;
  readonly #log: Log;
  readonly #rows = new Map<string, Row>();
  /** How many values are in the rows made so far. */
  values = 0;

  constructor(source: SnapshotRows<Row>, room: Turns, log: Log) {
    this.#source = source;
    this.#room = room;
    this.#log = log;
    this.#todo = new Set(source.ids);
  }

  /** To be called for each change of a device: it is read again, so that the snapshot is that of one moment. */
  changed(deviceId: string): void {
    this.#todo.add(deviceId);
  }

  /**
   * Calls `done` with the snapshot in the tick in which no device is left to be read: what changed before is in it, and
   * what changes later is not. Resolves then.
   */
  async make(done: (parts: SnapshotParts) => void): Promise<void> {
    for (;;) {
      await this.#room.turn();
      const begun = performance.now();
      let left = SLICE_DEVICES;
      for (const id of this.#todo) {
        this.#todo.delete(id);
        this.#keep(id, this.#row(id));
        if (--left === 0 || performance.now() - begun >= SLICE_MS) break;
      }
      if (this.values > (this.#source.bound?.most ?? Infinity)) return done('too_large');
      if (this.#todo.size === 0) return done(inParts(this.#rows.values(), this.#source));
    }
  }

  /** Undefined for a device that the snapshot does not show, or whose row cannot be made. */
  #row(deviceId: string): Row | undefined {
    try {
      return this.#source.row(deviceId);
    } catch (error) {
      this.#log.error(
        { err: error, device_id: deviceId },
        'a device cannot be shown and is left out of a snapshot',
      );
      return undefined;
    }
  }

  #keep(deviceId: string, row: Row | undefined): void {
    const before = this.#rows.get(deviceId);
    const valuesIn = (one: Row | undefined) =>
      one === undefined ? 0 : (this.#source.bound?.valuesIn(one) ?? 0);
    this.values += valuesIn(row) - valuesIn(before);
    if (row === undefined) this.#rows.delete(deviceId);
    else this.#rows.set(deviceId, row);
  }
}
