/** Devices and field names as numbers. New ones are known in memory at once and stored with what first needs them. */
import type { DatabaseSync } from 'node:sqlite';
import { numberOf } from './database.ts';

export interface Device {
  readonly id: number;
  readonly name: string;
  /** Its newest and its oldest minute with samples; the oldest since the start only. */
  newest: number;
  oldest: number;
  /** Ids of the fields it has data for. */
  readonly fields: Set<number>;
}

export interface Registry {
  find(name: string): Device | undefined;
  /** Finds or makes it. */
  device(name: string): Device;
  byId(id: number): Device | undefined;
  all(): Iterable<Device>;
  fieldId(name: string): number;
  knownField(name: string): number | undefined;
  fieldName(id: number): string;
  noteFields(device: Device, fields: readonly number[]): void;
  noteNewest(device: Device, minute: number): void;
  /** Forgets the device and leaves its rows to `removed`. Inside a transaction. */
  remove(device: Device): void;
  /** Stores what is new; inside a transaction. Call `saved` once it is committed. */
  save(): void;
  saved(): void;
}

export function loadRegistry(db: DatabaseSync): Registry {
  const byName = new Map<string, Device>();
  const byId = new Map<number, Device>();
  const fieldIds = new Map<string, number>();
  const fieldNames: string[] = [];
  const unsaved = {
    devices: new Set<Device>(),
    fields: new Set<number>(),
    links: new Set<[number, number]>(),
  };

  for (const row of db.prepare('SELECT id, name, newest FROM devices').all()) {
    const id = Number(row['id']);
    keep({
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
  // Numbers are never used again: rows of a removed device may still be there.
  const used = [
    db.prepare(`SELECT seq AS id FROM sqlite_sequence WHERE name = 'devices'`),
    db.prepare('SELECT max(device) AS id FROM removed'),
  ].map((query) => numberOf(query.get(), 'id') ?? 0);
  let nextDevice = Math.max(...used) + 1;

  const putDevice = db.prepare(
    'INSERT INTO devices (id, name, newest) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET newest = excluded.newest',
  );
  const putField = db.prepare('INSERT OR IGNORE INTO fields (id, name) VALUES (?, ?)');
  const putLink = db.prepare('INSERT OR IGNORE INTO device_fields (device, field) VALUES (?, ?)');
  const dropDevice = db.prepare('DELETE FROM devices WHERE id = ?');
  const dropLinks = db.prepare('DELETE FROM device_fields WHERE device = ?');
  const putRemoved = db.prepare('INSERT OR IGNORE INTO removed (device) VALUES (?)');

  function keep(device: Device): Device {
    byName.set(device.name, device);
    byId.set(device.id, device);
    return device;
  }

  return {
    find: (name) => byName.get(name),
    byId: (id) => byId.get(id),
    all: () => byName.values(),
    device(name) {
      const known = byName.get(name);
      if (known !== undefined) return known;
      const device = keep({ id: nextDevice++, name, newest: 0, oldest: Infinity, fields: new Set() });
      unsaved.devices.add(device);
      return device;
    },
    knownField: (name) => fieldIds.get(name),
    fieldName: (id) => fieldNames[id] ?? '',
    fieldId(name) {
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
        unsaved.links.add([device.id, field]);
      }
    },
    noteNewest(device, minute) {
      if (minute < device.oldest) device.oldest = minute;
      if (minute <= device.newest) return;
      device.newest = minute;
      unsaved.devices.add(device);
    },
    remove(device) {
      byName.delete(device.name);
      byId.delete(device.id);
      unsaved.devices.delete(device);
      for (const link of unsaved.links) if (link[0] === device.id) unsaved.links.delete(link);
      dropDevice.run(device.id);
      dropLinks.run(device.id);
      putRemoved.run(device.id);
    },
    save() {
      for (const { id, name, newest } of unsaved.devices) putDevice.run(id, name, newest);
      for (const id of unsaved.fields) putField.run(id, fieldNames[id] ?? '');
      for (const [device, field] of unsaved.links) putLink.run(device, field);
    },
    saved() {
      unsaved.devices.clear();
      unsaved.fields.clear();
      unsaved.links.clear();
    },
  };
}
