/**
 * [S5] Makes the snapshot of the fleet in slices of a few milliseconds, since 10,000 devices take a third of a second
 * in which no push would be answered.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { Device } from '#protocol/api.ts';
import type { Recent } from '#protocol/live.ts';

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

function joined(rows: ReadonlyMap<string, RowJson>): string {
  const all = [...rows.values()];
  const devices = all.map(({ device }) => device).join(',');
  return `{"devices":[${devices}],"recent":{${all.map(({ recent }) => recent).join(',')}}}`;
}

export class FleetSnapshotMaker {
  readonly #todo: Set<string>;
  readonly #source: FleetRows;

  constructor(source: FleetRows) {
    this.#source = source;
    this.#todo = new Set(source.ids);
  }

  /** To be called for each change of a device: it is read again, so that the snapshot is that of one moment. */
  changed(deviceId: string): void {
    this.#todo.add(deviceId);
  }

  /**
   * Calls `done` with the snapshot as JSON, in the tick in which no device is left to be read: what changed before is
   * in it, and what changes later is not. Resolves then.
   */
  async make(done: (json: string) => void): Promise<void> {
    const rows = new Map<string, RowJson>();
    for (;;) {
      let left = SLICE_DEVICES;
      for (const id of this.#todo) {
        if (left-- === 0) break;
        this.#todo.delete(id);
        const json = rowJson(this.#source, id);
        if (json === undefined) rows.delete(id);
        else rows.set(id, json);
      }
      if (this.#todo.size === 0) return done(joined(rows));
      await nextTick();
    }
  }
}
