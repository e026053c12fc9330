/**
 * [S5] Makes the snapshot of the fleet in slices of a few milliseconds, since 10,000 devices take a third of a second
 * in which no push would be answered.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { Device } from '#protocol/api.ts';
import type { Recent } from '#protocol/live.ts';
import type { Log } from '../types.ts';

/** So many devices take about 2 ms. */
const SLICE_DEVICES = 50;

/** All devices at one time, each read when it is asked for. */
export interface FleetRows {
  readonly ids: readonly string[];
  /** Undefined for a device that was removed. */
  row(deviceId: string): { readonly device: Device; readonly recent: Recent } | undefined;
}

interface RowJson {
  readonly device: string;
  readonly recent: string;
}

function rowJson({ row }: FleetRows, deviceId: string): RowJson | undefined {
  const known = row(deviceId);
  if (known === undefined) return undefined;
  const recent = `${JSON.stringify(deviceId)}:${JSON.stringify(known.recent)}`;
  return { device: JSON.stringify(known.device), recent };
}

/**
 * [L3] Characters in a part of the snapshot: a line of 1 Mbit/s carries it in the time that a page waits for an answer.
 * 10,000 devices take about 20 parts.
 */
const PART_CHARS = 512 * 1024;

function joined(rows: readonly RowJson[]): string {
  const devices = rows.map(({ device }) => device).join(',');
  return `{"devices":[${devices}],"recent":{${rows.map(({ recent }) => recent).join(',')}}}`;
}

/** The rows as snapshots that each hold some of them; one without rows where there are none. */
function inParts(rows: Iterable<RowJson>): string[] {
  const parts: string[] = [];
  let part: RowJson[] = [];
  let chars = 0;
  for (const row of rows) {
    const added = row.device.length + row.recent.length;
    if (part.length > 0 && chars + added > PART_CHARS) {
      parts.push(joined(part));
      part = [];
      chars = 0;
    }
    part.push(row);
    chars += added;
  }
  parts.push(joined(part));
  return parts;
}

export class FleetSnapshotMaker {
  readonly #todo: Set<string>;
  readonly #source: FleetRows;
  readonly #log: Log;

  constructor(source: FleetRows, log: Log) {
    this.#source = source;
    this.#log = log;
    this.#todo = new Set(source.ids);
  }

  /** Undefined for a device that was removed, or whose row cannot be made. */
  #row(deviceId: string): RowJson | undefined {
    try {
      return rowJson(this.#source, deviceId);
    } catch (error) {
      this.#log.error(
        { err: error, device_id: deviceId },
        'a device cannot be shown and is left out of the fleet',
      );
      return undefined;
    }
  }

  /** To be called for each change of a device: it is read again, so that the snapshot is that of one moment. */
  changed(deviceId: string): void {
    this.#todo.add(deviceId);
  }

  /**
   * Calls `done` with the snapshot as JSON, in parts, in the tick in which no device is left to be read: what changed before is
   * in it, and what changes later is not. Resolves then.
   */
  async make(done: (parts: readonly string[]) => void): Promise<void> {
    const rows = new Map<string, RowJson>();
    for (;;) {
      let left = SLICE_DEVICES;
      for (const id of this.#todo) {
        if (left-- === 0) break;
        this.#todo.delete(id);
        const json = this.#row(id);
        if (json === undefined) rows.delete(id);
        else rows.set(id, json);
      }
      if (this.#todo.size === 0) return done(inParts(rows.values()));
      await nextTick();
    }
  }
}
