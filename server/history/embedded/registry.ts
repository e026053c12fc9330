/**
 * The numbers (ids) of devices and of field names. New ones are known in memory at once, and stored together
 * with the first samples that need them.
 */
import type { DatabaseSync } from 'node:sqlite';
import { DAY, MINUTE } from '#protocol/span.ts';
import { numberOf, registryChecksum } from './database.ts';

export interface Device {
  readonly id: number;
  readonly name: string;
  /** Number of its newest minute with samples. */
  newest: number;
  /**
   * Number of the oldest minute that samples were written to since the start; Infinity where there is none.
   */
  oldest: number;
  /**
   * Ids of the fields that the device has data for. With each the number of a day with samples of it, counted from the
   * epoch: the newest one, or up to NOTED_DAYS before.
   */
  readonly fields: Map<number, number>;
}

const MINUTES_A_DAY = DAY / MINUTE;
/** The day of a field is stored again only this many days later, so that it costs nearly nothing. */
const NOTED_DAYS = 30;

export interface Registry {
  findDevice(name: string): Device | undefined;
  findOrAddDevice(name: string): Device;
  deviceById(id: number): Device | undefined;
  allDevices(): Iterable<Device>;
  findFieldId(name: string): number | undefined;
  findOrAddFieldId(name: string): number;
  fieldName(id: number): string;
  /** Notes that the device has data for these field ids in this minute. */
  noteFields(device: Device, fields: readonly number[], minute: number): void;
  /** Notes that the device has a sample in this minute. */
  noteMinute(device: Device, minute: number): void;
  /**
   * Forgets the device, and the names of fields that only it had. Its rows are deleted later, by what the table
   * `removed` says. Call it inside a transaction.
   * @param keptFields ids of fields that are in use although no device has data for them yet
   */
  remove(device: Device, keptFields: ReadonlySet<number>): void;
  /**
   * Whether the device has fields of which the history has no samples any more.
   * @param heldFrom the time from which it has samples, epoch milliseconds
   */
  hasOldFields(device: Device, heldFrom: number): boolean;
  /** Forgets these fields of the device, and their names as `remove` does. Call it inside a transaction. */
  forgetOldFields(device: Device, heldFrom: number, keptFields: ReadonlySet<number>): void;
  /** Stores what is new. Call it inside a transaction, and `markSaved` once that is committed. */
  save(): void;
  markSaved(): void;
}

/**
 * Reads the registry. Damaged rows are deleted and told: what is stored of their device or field is lost with the
 * name, and a device that pushes again begins anew.
 * @param newestPossible number of the newest minute that samples can be of
 */
export function loadRegistry(
  db: DatabaseSync,
  newestPossible: number,
  notice: (text: string) => void,
): Registry {
  const byName = new Map<string, Device>();
  const byId = new Map<number, Device>();
  const fieldIds = new Map<string, number>();
  const fieldNames = new Map<number, string>();
  const unsaved = {
    devices: new Set<Device>(),
    fields: new Set<number>(),
    /** Pairs of a device id and a field id. */
    deviceFields: new Set<[number, number]>(),
  };

  const statements = {
    putDevice: db.prepare(
      'INSERT INTO devices (id, name, newest, crc) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET newest = excluded.newest, crc = excluded.crc',
    ),
    putField: db.prepare('INSERT OR REPLACE INTO fields (id, name, crc) VALUES (?, ?, ?)'),
    putDeviceField: db.prepare(
      'INSERT OR REPLACE INTO device_fields (device, field, noted, crc) VALUES (?, ?, ?, ?)',
    ),
    dropDevice: db.prepare('DELETE FROM devices WHERE id = ?'),
    dropField: db.prepare('DELETE FROM fields WHERE id = ?'),
    dropDeviceField: db.prepare('DELETE FROM device_fields WHERE device = ? AND field = ?'),
    dropDeviceFields: db.prepare('DELETE FROM device_fields WHERE device = ?'),
    putRemoved: db.prepare('INSERT OR IGNORE INTO removed (device) VALUES (?)'),
    dropRemoved: db.prepare('DELETE FROM removed WHERE device = ?'),
  };
  const damaged = { devices: 0, fields: 0 };
  /** The largest field id that a row names, so that no id is used twice. */
  let lastField = -1;
  loadDevices();
  loadFields();
  loadDeviceFields();
  dropWrongRemovals();
  if (damaged.devices + damaged.fields > 0)
    notice(
      `The history database is damaged: the names of ${damaged.devices} machines and ${damaged.fields} fields cannot be read. What was stored under these names is lost; all else is kept.`,
    );
  let lastDevice = lastDeviceId();

  function loadDevices(): void {
    for (const { id, name, newest, crc } of db.prepare('SELECT * FROM devices').all()) {
      if (crc === registryChecksum(id, name, newest) && !byName.has(String(name)))
        remember({
          id: Number(id),
          name: String(name),
          newest: Math.min(Number(newest), newestPossible),
          oldest: Infinity,
          fields: new Map(),
        });
      else {
        damaged.devices++;
        statements.dropDevice.run(Number(id));
      }
    }
  }

  function loadFields(): void {
    for (const { id, name, crc } of db.prepare('SELECT * FROM fields').all()) {
      lastField = Math.max(lastField, Number(id));
      if (crc === registryChecksum(id, name) && !fieldIds.has(String(name))) {
        fieldIds.set(String(name), Number(id));
        fieldNames.set(Number(id), String(name));
      } else {
        damaged.fields++;
        statements.dropField.run(Number(id));
      }
    }
  }

  function loadDeviceFields(): void {
    for (const { device, field, noted, crc } of db.prepare('SELECT * FROM device_fields').all()) {
      const known = byId.get(Number(device));
      const isWhole = crc === registryChecksum(device, field, noted);
      if (isWhole && known !== undefined && fieldNames.has(Number(field)))
        known.fields.set(Number(field), Number(noted));
      else statements.dropDeviceField.run(Number(device), Number(field));
    }
  }

  /** A damaged entry must not have the rows of another device deleted. */
  function dropWrongRemovals(): void {
    for (const { device } of db.prepare('SELECT device FROM removed').all())
      if (byId.has(Number(device))) statements.dropRemoved.run(Number(device));
  }

  /** A device's number is never used again, because rows of a removed device may still be there. */
  function lastDeviceId(): number {
    const used = [
      db.prepare(`SELECT seq AS id FROM sqlite_sequence WHERE name = 'devices'`),
      db.prepare('SELECT max(device) AS id FROM removed'),
    ].map((query) => numberOf(query.get(), 'id') ?? 0);
    return Math.max(...used, ...byId.keys());
  }

  function remember(device: Device): Device {
    byName.set(device.name, device);
    byId.set(device.id, device);
    return device;
  }

  function oldFields({ fields }: Device, heldFrom: number): number[] {
    return [...fields.keys()].filter(
      (field) => ((fields.get(field) ?? 0) + NOTED_DAYS + 1) * DAY <= heldFrom,
    );
  }

  /** Forgets the names of those fields that no device has. */
  function forgetFields(fields: Iterable<number>, keptFields: ReadonlySet<number>): void {
    const inUse = new Set(keptFields);
    for (const { fields: ofDevice } of byId.values()) for (const field of ofDevice.keys()) inUse.add(field);
    for (const field of fields) {
      const name = fieldNames.get(field);
      if (name === undefined || inUse.has(field)) continue;
      fieldNames.delete(field);
      fieldIds.delete(name);
      unsaved.fields.delete(field);
      statements.dropField.run(field);
    }
  }

  return {
    findDevice: (name) => byName.get(name),
    deviceById: (id) => byId.get(id),
    allDevices: () => byName.values(),
    findOrAddDevice(name) {
      const known = byName.get(name);
      if (known !== undefined) return known;
      const device = remember({ id: ++lastDevice, name, newest: 0, oldest: Infinity, fields: new Map() });
      unsaved.devices.add(device);
      return device;
    },
    findFieldId: (name) => fieldIds.get(name),
    fieldName: (id) => fieldNames.get(id) ?? '',
    findOrAddFieldId(name) {
      const known = fieldIds.get(name);
      if (known !== undefined) return known;
      const id = ++lastField;
      fieldNames.set(id, name);
      fieldIds.set(name, id);
      unsaved.fields.add(id);
      return id;
    },
    noteFields(device, fields, minute) {
      const day = Math.floor(minute / MINUTES_A_DAY);
      for (const field of fields) {
        if (day < (device.fields.get(field) ?? -Infinity) + NOTED_DAYS) continue;
        device.fields.set(field, day);
        unsaved.deviceFields.add([device.id, field]);
      }
    },
    hasOldFields: (device, heldFrom) => oldFields(device, heldFrom).length > 0,
    forgetOldFields(device, heldFrom, keptFields) {
      const old = oldFields(device, heldFrom);
      for (const field of old) {
        device.fields.delete(field);
        statements.dropDeviceField.run(device.id, field);
      }
      forgetFields(old, keptFields);
    },
    noteMinute(device, minute) {
      if (minute < device.oldest) device.oldest = minute;
      if (minute <= device.newest) return;
      device.newest = minute;
      unsaved.devices.add(device);
    },
    remove(device, keptFields) {
      byName.delete(device.name);
      byId.delete(device.id);
      unsaved.devices.delete(device);
      for (const pair of unsaved.deviceFields) if (pair[0] === device.id) unsaved.deviceFields.delete(pair);
      statements.dropDevice.run(device.id);
      statements.dropDeviceFields.run(device.id);
      statements.putRemoved.run(device.id);
      forgetFields(device.fields.keys(), keptFields);
    },
    save() {
      for (const { id, name, newest } of unsaved.devices)
        statements.putDevice.run(id, name, newest, registryChecksum(id, name, newest));
      for (const id of unsaved.fields) {
        const name = fieldNames.get(id) ?? '';
        statements.putField.run(id, name, registryChecksum(id, name));
      }
      for (const [device, field] of unsaved.deviceFields) {
        const noted = byId.get(device)?.fields.get(field);
        if (noted === undefined) continue;
        statements.putDeviceField.run(device, field, noted, registryChecksum(device, field, noted));
      }
    },
    markSaved() {
      unsaved.devices.clear();
      unsaved.fields.clear();
      unsaved.deviceFields.clear();
    },
  };
}
