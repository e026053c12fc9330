/** The change gathered since a room's last message, to be its next one. A class for each kind of room. */
import type { Alert } from '#protocol/alerts.ts';
import type { Device, DeviceDetail } from '#protocol/api.ts';
import {
  FLEET_FIELDS,
  perFleetField,
  type AlertsChange,
  type DeviceChange,
  type FleetChange,
  type FleetColumns,
  type SampleColumns,
} from '#protocol/live.ts';
import { fieldValue, type Sample } from '#protocol/sample.ts';

/** The most samples of a device in one message; of more (an agent's spool), only the newest are sent. */
const MAX_SAMPLES = 600;

/**
 * A value rounded for live messages: four decimals below 10, two below 1000, none above. More digits would be
 * noise on a screen and half of a message's bytes. The history keeps the exact value.
 */
function roundForLive(value: number): number {
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value);
  return size >= 10 ? Math.round(value * 100) / 100 : Math.round(value * 10_000) / 10_000;
}

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

/** The samples of one device in columns; null where a sample lacks a field that another sample has. */
function columnsOf(samples: readonly Sample[]): SampleColumns {
  // A map, as a field may be called `constructor`, which every object has already.
  const columns = new Map<string, (number | null)[]>();
  for (const [i, { values }] of samples.entries()) {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) continue;
      let column = columns.get(name);
      if (column === undefined) columns.set(name, (column = new Array(samples.length).fill(null)));
      column[i] = roundForLive(value);
    }
  }
  return { t: samples.map(({ t }) => t), fields: Object.fromEntries(columns) };
}

export interface PendingChange<Change> {
  /**
   * Returns the change gathered since the last call and starts a new one; undefined where nothing changed.
   */
  takeChange(): Change | undefined;
}

export class PendingFleetChange implements PendingChange<FleetChange> {
  #removed = new Set<string>();
  #devices = new Map<string, Device>();
  #values = emptyColumns();
  #told: ((deviceId: string) => void) | undefined;

  /** From now on, calls `told` for each device that changes; undefined ends it. */
  tell(told: ((deviceId: string) => void) | undefined): void {
    this.#told = told;
  }

  addSample(id: string, sample: Sample): void {
    this.#told?.(id);
    addRow(this.#values, id, sample);
  }

  addDevice(device: Device): void {
    this.#told?.(device.device_id);
    this.#devices.set(device.device_id, device);
  }

  removeDevice(id: string): void {
    this.#told?.(id);
    this.#removed.add(id);
    this.#devices.delete(id);
    this.#values = withoutRows(this.#values, id);
  }

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

export class PendingDeviceChange implements PendingChange<DeviceChange> {
  readonly #current: () => DeviceDetail | undefined;
  #samples: Sample[] = [];
  #changed = false;
  #removed = false;

  /** `current` returns the whole device, read when a message is sent; undefined where it was removed. */
  constructor(current: () => DeviceDetail | undefined) {
    this.#current = current;
  }

  addSamples(samples: readonly Sample[]): void {
    this.#samples.push(...samples);
    if (this.#samples.length > MAX_SAMPLES) this.#samples = this.#samples.slice(-MAX_SAMPLES);
  }

  markChanged(): void {
    this.#changed = true;
  }

  markRemoved(): void {
    this.#removed = true;
  }

  takeChange(): DeviceChange | undefined {
    if (this.#removed) {
      this.#removed = false;
      this.#changed = false;
      this.#samples = [];
      return { removed: true };
    }
    const samples = this.#samples;
    const changed = this.#changed;
    if (samples.length === 0 && !changed) return undefined;
    this.#samples = [];
    this.#changed = false;
    const device = changed ? this.#current() : undefined;
    if (changed && device === undefined) return { removed: true };
    return {
      ...(device !== undefined && { device }),
      ...(samples.length > 0 && { samples: columnsOf(samples) }),
    };
  }
}

export class PendingAlertsChange implements PendingChange<AlertsChange> {
  #alerts = new Map<string, Alert>();

  add(alerts: readonly Alert[]): void {
    for (const alert of alerts) this.#alerts.set(alert.id, alert);
  }

  takeChange(): AlertsChange | undefined {
    if (this.#alerts.size === 0) return undefined;
    const alerts = [...this.#alerts.values()];
    this.#alerts = new Map();
    return { alerts };
  }
}
