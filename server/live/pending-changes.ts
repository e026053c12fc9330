/** The change gathered since the last message of the fleet's room, to be its next one. */
import type { Device } from '#protocol/api.ts';
import { FLEET_FIELDS, perFleetField, type FleetChange, type FleetColumns } from '#protocol/live.ts';
import { fieldValue, type Sample } from '#protocol/sample.ts';
import { roundForLive } from './field-picker.ts';

function emptyColumns(): FleetColumns {
  return { id: [], t: [], ...perFleetField((): (number | null)[] => []) };
}

const cellOf = (value: number | undefined) => (value === undefined ? null : roundForLive(value));

function addRow(columns: FleetColumns, id: string, sample: Sample): void {
  columns.id.push(id);
  columns.t.push(sample.t);
  for (const field of FLEET_FIELDS) columns[field].push(cellOf(fieldValue(sample, field)));
}

function withoutRows(columns: FleetColumns, id: string): FleetColumns {
  const keepOthers = <T>(column: readonly T[]) => column.filter((_, i) => columns.id[i] !== id);
  return {
    id: keepOthers(columns.id),
    t: keepOthers(columns.t),
    ...perFleetField((field) => keepOthers(columns[field])),
  };
}

export class PendingFleetChange {
  #removed = new Set<string>();
  #devices = new Map<string, Device>();
  #values = emptyColumns();

  addSample(id: string, sample: Sample): void {
    addRow(this.#values, id, sample);
  }

  addDevice(device: Device): void {
    this.#devices.set(device.device_id, device);
  }

  removeDevice(id: string): void {
    this.#removed.add(id);
    this.#devices.delete(id);
    this.#values = withoutRows(this.#values, id);
  }

  /** Returns the change gathered since the last call and starts a new one; undefined where nothing changed. */
  takeChange(): FleetChange | undefined {
    const removed = this.#removed;
    const devices = this.#devices;
    const values = this.#values;
    if (removed.size + devices.size + values.id.length === 0) return undefined;
    this.#removed = new Set();
    this.#devices = new Map();
    this.#values = emptyColumns();
    return {
      ...(removed.size > 0 && { removed: [...removed] }),
      ...(devices.size > 0 && { devices: [...devices.values()] }),
      ...(values.id.length > 0 && { values }),
    };
  }
}
