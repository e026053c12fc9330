/** What has changed since a room's last message. Each kind of room gathers its own kind of change. */
import type { Alert, Device, DeviceDetail } from '#protocol/api.ts';
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

/** Samples of one device in one message; of a long spool being delivered, the newest. */
const MOST_SAMPLES = 600;

/**
 * A number as it travels live: four decimals below 10, two below 1000, none above. More digits than that are
 * noise on a screen and half of a message's bytes; history keeps the number as it was.
 */
function compact(value: number): number {
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value);
  return size >= 10 ? Math.round(value * 100) / 100 : Math.round(value * 10_000) / 10_000;
}

function emptyColumns(): FleetColumns {
  return { id: [], t: [], ...perFleetField((): (number | null)[] => []) };
}

const cell = (value: number | undefined) => (value === undefined ? null : compact(value));

function addRow(columns: FleetColumns, id: string, sample: Sample): void {
  columns.id.push(id);
  columns.t.push(sample.t);
  for (const field of FLEET_FIELDS) columns[field].push(cell(fieldValue(sample, field)));
}

function withoutRows(columns: FleetColumns, id: string): FleetColumns {
  const others = <T>(column: readonly T[]) => column.filter((_, i) => columns.id[i] !== id);
  return {
    id: others(columns.id),
    t: others(columns.t),
    ...perFleetField((field) => others(columns[field])),
  };
}

/** Samples of one device → columns; null where a sample lacks a field that another has. */
function sampleColumns(samples: readonly Sample[]): SampleColumns {
  const fields: Record<string, (number | null)[]> = {};
  for (const [i, { values }] of samples.entries()) {
    for (const name in values) {
      const value = values[name];
      if (value === undefined) continue;
      const column = (fields[name] ??= new Array<number | null>(samples.length).fill(null));
      column[i] = compact(value);
    }
  }
  return { t: samples.map(({ t }) => t), fields };
}

/** `take` hands over what was gathered and begins anew; undefined where nothing changed. */
export interface Gathered<Change> {
  take(): Change | undefined;
}

export class FleetGathered implements Gathered<FleetChange> {
  #removed = new Set<string>();
  #devices = new Map<string, Device>();
  #values = emptyColumns();

  value(id: string, sample: Sample): void {
    addRow(this.#values, id, sample);
  }

  device(device: Device): void {
    this.#devices.set(device.device_id, device);
  }

  remove(id: string): void {
    this.#removed.add(id);
    this.#devices.delete(id);
    this.#values = withoutRows(this.#values, id);
  }

  take(): FleetChange | undefined {
    const [removed, devices, values] = [this.#removed, this.#devices, this.#values];
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

/** `current`: the whole device as it is when a message goes out; undefined when it is gone. */
export class DeviceGathered implements Gathered<DeviceChange> {
  readonly #current: () => DeviceDetail | undefined;
  #samples: Sample[] = [];
  #changed = false;
  #removed = false;

  constructor(current: () => DeviceDetail | undefined) {
    this.#current = current;
  }

  samples(samples: readonly Sample[]): void {
    this.#samples.push(...samples);
    if (this.#samples.length > MOST_SAMPLES) this.#samples = this.#samples.slice(-MOST_SAMPLES);
  }

  changed(): void {
    this.#changed = true;
  }

  removed(): void {
    this.#removed = true;
  }

  take(): DeviceChange | undefined {
    if (this.#removed) {
      this.#removed = false;
      this.#changed = false;
      this.#samples = [];
      return { removed: true };
    }
    const [samples, changed] = [this.#samples, this.#changed];
    if (samples.length === 0 && !changed) return undefined;
    this.#samples = [];
    this.#changed = false;
    const device = changed ? this.#current() : undefined;
    if (changed && device === undefined) return { removed: true };
    return {
      ...(device !== undefined && { device }),
      ...(samples.length > 0 && { samples: sampleColumns(samples) }),
    };
  }
}

export class AlertsGathered implements Gathered<AlertsChange> {
  #alerts = new Map<string, Alert>();

  add(alerts: readonly Alert[]): void {
    for (const alert of alerts) this.#alerts.set(alert.id, alert);
  }

  take(): AlertsChange | undefined {
    if (this.#alerts.size === 0) return undefined;
    const alerts = [...this.#alerts.values()];
    this.#alerts = new Map();
    return { alerts };
  }
}
