/** What the rooms `fleet`, `alerts` and `device:<id>` show: their snapshots, and the changes since. */
import { alertsForDisplay, isActive, MOST_LIVE_ALERTS, worstAlerts, type Alert } from '#protocol/alerts.ts';
import { deviceInSight, type Device } from '#protocol/api.ts';
import type { AlertsChange, DeviceChange, DeviceSnapshot, Recent } from '#protocol/live.ts';
import type { Layout, Sample } from '#protocol/sample.ts';
import type { Log, Sight } from '../types.ts';
import { PendingFleetChange } from './pending-changes.ts';
import { SnapshotMaker, type SnapshotParts, type SnapshotRows } from './snapshot-maker.ts';

/** What one room shows. */
export interface Content {
  /** Whether it is kept for a moment after its last member left, for those who come right after. */
  readonly lingers: boolean;
  /** Returns the change gathered since the last call and starts a new one; undefined where nothing changed. */
  takeChange(): object | undefined;
  /** Calls `done` with the snapshot of that moment; it is awaited. */
  makeSnapshot(done: (parts: SnapshotParts) => void): void | Promise<void>;
}

/** What a content tells its room. */
export interface RoomSide {
  /** There is a change to be sent. */
  changed(): void;
  /** [L1] What it shows is another whole: every member needs a new snapshot. */
  renew(): void;
  /** [S5] Resolves when it is the room's turn to make a slice of its snapshot. */
  turn(): Promise<void>;
}

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

function snapshotRows({ ids, row }: FleetRows, sees: (deviceId: string) => boolean): SnapshotRows<RowJson> {
  return {
    ids: ids.filter(sees),
    row(deviceId) {
      const known = sees(deviceId) ? row(deviceId) : undefined;
      if (known === undefined) return undefined;
      const recent = `${JSON.stringify(deviceId)}:${JSON.stringify(known.recent)}`;
      return { device: JSON.stringify(known.device), recent };
    },
    chars: ({ device, recent }) => device.length + recent.length,
    joined(rows) {
      const devices = rows.map(({ device }) => device).join(',');
      return `{"devices":[${devices}],"recent":{${rows.map(({ recent }) => recent).join(',')}}}`;
    },
  };
}

const seesAll = () => true;
const seesOf = (sight: Sight | undefined) =>
  sight === undefined ? seesAll : (deviceId: string) => sight.has(deviceId);

/** [W1] Every device, or those that a display may see. */
export class FleetContent implements Content {
  readonly lingers = true;
  readonly sight: Sight | undefined;
  readonly #sees: (deviceId: string) => boolean;
  readonly #pending = new PendingFleetChange();
  readonly #rows: () => FleetRows;
  readonly #room: RoomSide;
  readonly #log: Log;
  /** The snapshot that is being made. */
  #maker: SnapshotMaker<RowJson> | undefined;

  constructor(parts: { rows: () => FleetRows; sight: Sight | undefined; room: RoomSide; log: Log }) {
    this.sight = parts.sight;
    this.#sees = seesOf(parts.sight);
    this.#rows = parts.rows;
    this.#room = parts.room;
    this.#log = parts.log;
  }

  addSample(deviceId: string, sample: Sample): void {
    if (!this.#sees(deviceId)) return;
    this.#pending.addSample(deviceId, sample);
    this.#changed(deviceId);
  }

  addDevice(device: Device): void {
    if (!this.#sees(device.device_id)) return;
    this.#pending.addDevice(device);
    this.#changed(device.device_id);
  }

  removeDevice(deviceId: string): void {
    if (!this.#sees(deviceId)) return;
    this.#pending.removeDevice(deviceId);
    this.#changed(deviceId);
  }

  /** The display may see other devices now. */
  sightChanged(): void {
    for (const id of this.#rows().ids) this.#maker?.changed(id);
    this.#room.renew();
  }

  takeChange(): object | undefined {
    return this.#pending.takeChange();
  }

  async makeSnapshot(done: (parts: SnapshotParts) => void): Promise<void> {
    this.#maker = new SnapshotMaker(snapshotRows(this.#rows(), this.#sees), this.#room, this.#log);
    await this.#maker.make(done);
    this.#maker = undefined;
  }

  #changed(deviceId: string): void {
    this.#maker?.changed(deviceId);
    this.#room.changed();
  }
}

/** The alerts as they are now. */
export interface ActiveAlerts {
  /** Newest first. */
  active(): readonly Alert[];
  /** The alert with this id, active or resolved. */
  get(id: string): Alert | undefined;
}

/** [W1] The active alerts, or what a display is told of those that it may see. [L3] Of very many, the worst. */
export class AlertsContent implements Content {
  readonly lingers = true;
  readonly sight: Sight | undefined;
  readonly #toldOf: (alerts: readonly Alert[]) => readonly Alert[];
  readonly #alerts: ActiveAlerts;
  readonly #room: RoomSide;
  readonly #log: Log;
  #pending = new Map<string, Alert>();
  /** The snapshot that is being made. */
  #maker: SnapshotMaker<string> | undefined;

  constructor(parts: {
    alerts: ActiveAlerts;
    isForDisplays: boolean;
    sight: Sight | undefined;
    room: RoomSide;
    log: Log;
  }) {
    const { sight } = parts;
    this.sight = sight;
    this.#toldOf = parts.isForDisplays ? (alerts) => alertsForDisplay(alerts, seesOf(sight)) : (all) => all;
    this.#alerts = parts.alerts;
    this.#room = parts.room;
    this.#log = parts.log;
  }

  add(alerts: readonly Alert[]): void {
    const seen = this.#toldOf(alerts);
    if (seen.length === 0) return;
    for (const alert of seen) {
      this.#pending.set(alert.id, alert);
      this.#maker?.changed(alert.id);
    }
    this.#room.changed();
  }

  sightChanged(): void {
    for (const { id } of this.#alerts.active()) this.#maker?.changed(id);
    this.#room.renew();
  }

  takeChange(): AlertsChange | undefined {
    const pending = this.#pending;
    if (pending.size === 0) return undefined;
    this.#pending = new Map();
    if (pending.size > MOST_LIVE_ALERTS) {
      // As after a change of a rule. A new snapshot has fewer.
      this.#room.renew();
      return undefined;
    }
    const active = this.#active();
    const changed = [...pending.values()];
    return { alerts: [...this.#worstBeside(changed, active), ...changed], total: active.length };
  }

  async makeSnapshot(done: (parts: SnapshotParts) => void): Promise<void> {
    this.#maker = new SnapshotMaker(this.#rows(), this.#room, this.#log);
    await this.#maker.make(done);
    this.#maker = undefined;
  }

  #rows(): SnapshotRows<string> {
    return {
      ids: worstAlerts(this.#active()).map(({ id }) => id),
      row: (id) => {
        const alert = this.#alerts.get(id);
        const [seen] = alert !== undefined && isActive(alert) ? this.#toldOf([alert]) : [];
        return seen && JSON.stringify(seen);
      },
      chars: ({ length }) => length,
      joined: (rows) => `{"alerts":[${rows.join(',')}],"total":${this.#active().length}}`,
    };
  }

  #active(): readonly Alert[] {
    const active = this.#alerts.active();
    const { sight } = this;
    return sight === undefined ? active : active.filter(({ device_id }) => sight.has(device_id));
  }

  /** Where not all alerts are sent: the worst one of each machine of the changed ones. */
  #worstBeside(changed: readonly Alert[], active: readonly Alert[]): readonly Alert[] {
    if (active.length <= MOST_LIVE_ALERTS) return [];
    const machines = new Set(changed.map(({ device_id }) => device_id));
    const theirs = active.filter(({ device_id }) => machines.has(device_id));
    return this.#toldOf(worstAlerts(theirs, machines.size));
  }
}

/**
 * [L6] What a device is, and in short which fields it has: values queries give its values. [W1] For a display, there is
 * none that it may not see.
 */
export class DeviceContent implements Content {
  // While it is open, the device's agent pushes every second.
  readonly lingers = false;
  readonly sight: Sight | undefined;
  readonly #deviceId: string;
  readonly #known: () => DeviceSnapshot | undefined;
  readonly #room: RoomSide;
  #change: 'none' | 'changed' | 'removed' = 'none';
  /** Those of the last message. */
  #fieldsVersion: number | undefined;
  #layout: Layout | undefined;

  constructor(parts: {
    deviceId: string;
    read: () => DeviceSnapshot | undefined;
    sight: Sight | undefined;
    room: RoomSide;
  }) {
    this.#deviceId = parts.deviceId;
    this.#known = parts.read;
    this.sight = parts.sight;
    this.#room = parts.room;
  }

  markChanged(): void {
    this.#mark('changed');
  }

  markRemoved(): void {
    this.#mark('removed');
  }

  /** The device's newest sample, which may have other fields than the one before. */
  pushed({ row }: Sample): void {
    if (row !== undefined && row.layout === this.#layout) return;
    this.#layout = row?.layout;
    if (this.#read()?.fields.version !== this.#fieldsVersion) this.markChanged();
  }

  sightChanged(): void {
    this.#room.renew();
  }

  takeChange(): DeviceChange | undefined {
    const change = this.#change;
    this.#change = 'none';
    if (change === 'none') return undefined;
    const read = change === 'changed' ? this.#read() : undefined;
    this.#fieldsVersion = read?.fields.version;
    return read ?? { removed: true };
  }

  makeSnapshot(done: (parts: SnapshotParts) => void): void {
    const read = this.#read();
    this.#fieldsVersion = read?.fields.version;
    done(read === undefined ? 'not_found' : [JSON.stringify(read)]);
  }

  /** [W1] A display is not even told when something of a device out of sight changes. */
  #mark(change: 'changed' | 'removed'): void {
    if (!this.#isSeen) return;
    this.#change = change;
    this.#room.changed();
  }

  get #isSeen(): boolean {
    return this.sight?.has(this.#deviceId) ?? true;
  }

  #read(): DeviceSnapshot | undefined {
    const known = this.#isSeen ? this.#known() : undefined;
    if (known === undefined || this.sight === undefined) return known;
    return { device: deviceInSight(known.device, seesOf(this.sight)), fields: known.fields };
  }
}
