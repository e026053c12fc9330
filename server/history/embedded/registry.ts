/**
 * The numbers (ids) of devices and of field names. New ones are known in memory at once, and stored together
 * with the first samples that need them.
 */
import type { DatabaseSync } from 'node:sqlite';
import { numberOf } from './database.ts';

export interface Device {
  readonly id: number;
  readonly name: string;
  /** Number of its newest minute with samples. */
  newest: number;
  /**
   * Number of the oldest minute that samples were written to since the start; Infinity where there is none.
   */
  oldest: number;
  /** Ids of the fields that the device has data for. */
  readonly fields: Set<number>;
}

export interface Registry {
  findDevice(name: string): Device | undefined;
  findOrAddDevice(name: string): Device;
  deviceById(id: number): Device | undefined;
  allDevices(): Iterable<Device>;
  findFieldId(name: string): number | undefined;
  findOrAddFieldId(name: string): number;
  fieldName(id: number): string;
  /** Notes that the device has data for these field ids. */
  noteFields(device: Device, fields: readonly number[]): void;
  /** Notes that the device has a sample in this minute. */
  noteMinute(device: Device, minute: number): void;
  /**
   * Forgets the device. Its rows are deleted later, by what the table `removed` says. Call it inside a
   * transaction.
   */
  remove(device: Device): void;
  /** Stores what is new. Call it inside a transaction, and `markSaved` once that is committed. */
  save(): void;
  markSaved(): void;
}

export function loadRegistry(db: DatabaseSync): Registry {
  const byName = new Map<string, Device>();
  const byId = new Map<number, Device>();
  const fieldIds = new Map<string, number>();
  const fieldNames: string[] = [];
  const unsaved = {
    devices: new Set<Device>(),
    fields: new Set<number>(),
    /** Pairs of a device id and a field id. */
    deviceFields: new Set<[number, number]>(),
  };

  for (const row of db.prepare('SELECT id, name, newest FROM devices').all()) {
    const id = Number(row['id']);
    remember({
      id,
      name: String(row['name']),
      newest: Number(row['newest']),
      oldest: Infinity,
      fields: new Set(),
    });
  }
  for (const row of db.prepare('SELECT id, name FROM fields').all()) {
    fieldIds.set(String(row['name']), Number(row['id']));
    fieldNames[Number(row['id'])] = String(row['name']);
  }
  for (const row of db.prepare('SELECT device, field FROM device_fields').all())
    byId.get(Number(row['device']))?.fields.add(Number(row['field']));
  // A device's number is never used again, because rows of a removed device may still be there.
  const usedIds = [
    db.prepare(`SELECT seq AS id FROM sqlite_sequence WHERE name = 'devices'`),
    db.prepare('SELECT max(device) AS id FROM removed'),
  ].map((query) => numberOf(query.get(), 'id') ?? 0);
  let nextDevice = Math.max(...usedIds) + 1;

  const putDevice = db.prepare(
    'INSERT INTO devices (id, name, newest) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET newest = excluded.newest',
  );
  const putField = db.prepare('INSERT OR IGNORE INTO fields (id, name) VALUES (?, ?)');
  const putDeviceField = db.prepare('INSERT OR IGNORE INTO device_fields (device, field) VALUES (?, ?)');
  const dropDevice = db.prepare('DELETE FROM devices WHERE id = ?');
  const dropDeviceFields = db.prepare('DELETE FROM device_fields WHERE device = ?');
  const putRemoved = db.prepare('INSERT OR IGNORE INTO removed (device) VALUES (?)');

  function remember(device: Device): Device {
    byName.set(device.name, device);
    byId.set(device.id, device);
    return device;
  }

  return {
    findDevice: (name) => byName.get(name),
    deviceById: (id) => byId.get(id),
    allDevices: () => byName.values(),
    findOrAddDevice(name) {
      const known = byName.get(name);
      if (known !== undefined) return known;
      const device = remember({ id: nextDevice++, name, newest: 0, oldest: Infinity, fields: new Set() });
      unsaved.devices.add(device);
      return device;
    },
    findFieldId: (name) => fieldIds.get(name),
    fieldName: (id) => fieldNames[id] ?? '',
    findOrAddFieldId(name) {
      const known = fieldIds.get(name);
      if (known !== undefined) return known;
      const id = fieldNames.length;
      fieldNames.push(name);
      fieldIds.set(name, id);
      unsaved.fields.add(id);
      return id;
    },
    noteFields(device, fields) {
      for (const field of fields) {
        if (device.fields.has(field)) continue;
        device.fields.add(field);
        unsaved.deviceFields.add([device.id, field]);
      }
    },
    noteMinute(device, minute) {
      if (minute < device.oldest) device.oldest = minute;
      if (minute <= device.newest) return;
      device.newest = minute;
      unsaved.devices.add(device);
    },
    remove(device) {
      byName.delete(device.name);
      byId.delete(device.id);
      unsaved.devices.delete(device);
      for (const pair of unsaved.deviceFields) if (pair[0] === device.id) unsaved.deviceFields.delete(pair);
      dropDevice.run(device.id);
      dropDeviceFields.run(device.id);
      putRemoved.run(device.id);
    },
    save() {
      for (const { id, name, newest } of unsaved.devices) putDevice.run(id, name, newest);
      for (const id of unsaved.fields) putField.run(id, fieldNames[id] ?? '');
      for (const [device, field] of unsaved.deviceFields) putDeviceField.run(device, field);
    },
    markSaved() {
      unsaved.devices.clear();
      unsaved.fields.clear();
      unsaved.deviceFields.clear();
    },
  };
}
