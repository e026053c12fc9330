/** What has changed since a room's last message. Each kind of room gathers its own kind of change. */
import type { Alert, Device, DeviceDetail } from '#protocol/api.ts';
import type { AlertsChange, DeviceChange, FleetChange, FleetColumns, SampleColumns } from '#protocol/live.ts';
import type { Sample } from '#protocol/sample.ts';
import { compact } from './numbers.ts';

/** Samples of one device in one message; of a long spool being delivered, the newest. */
const MOST_SAMPLES = 600;

interface Row {
  readonly id: string;
  readonly sample: Sample;
}

function fleetColumns(rows: readonly Row[]): FleetColumns {
  const column = (name: string) =>
    rows.map(({ sample }) => {
      const value = sample.values[name];
      return value === undefined ? null : compact(value);
    });
  return {
    id: rows.map(({ id }) => id),
    t: rows.map(({ sample }) => sample.t),
    cpu: column('cpu'),
    ram: column('ram'),
    disk: column('disk'),
    net_tx: column('net_tx'),
    net_rx: column('net_rx'),
  };
}

/** Samples of one device → columns; null where a sample lacks a field that another has. */
export function sampleColumns(samples: readonly Sample[]): SampleColumns {
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
  #rows: Row[] = [];

  value(id: string, sample: Sample): void {
    this.#rows.push({ id, sample });
  }

  device(device: Device): void {
    this.#devices.set(device.device_id, device);
  }

  remove(id: string): void {
    this.#removed.add(id);
    this.#devices.delete(id);
    this.#rows = this.#rows.filter((row) => row.id !== id);
  }

  take(): FleetChange | undefined {
    const [removed, devices, rows] = [this.#removed, this.#devices, this.#rows];
    if (removed.size + devices.size + rows.length === 0) return undefined;
    this.#removed = new Set();
    this.#devices = new Map();
    this.#rows = [];
    return {
      ...(removed.size > 0 && { removed: [...removed] }),
      ...(devices.size > 0 && { devices: [...devices.values()] }),
      ...(rows.length > 0 && { values: fleetColumns(rows) }),
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
