/** The State contract in memory, for tests of code that uses collections. */
import type { Collection } from '../../server/state/collection.ts';
import type { DeviceRecord } from '../../server/state/records.ts';

export function memoryCollection<T extends { readonly id: string }>(items: readonly T[] = []): Collection<T> {
  const records = new Map(items.map((item) => [item.id, item]));
  return {
    all: () => [...records.values()],
    get: (id) => records.get(id),
    put(item) {
      records.set(item.id, item);
      return Promise.resolve();
    },
    putAll(list) {
      for (const item of list) records.set(item.id, item);
      return Promise.resolve();
    },
    putSoon(item) {
      records.set(item.id, item);
    },
    remove(id) {
      records.delete(id);
      return Promise.resolve();
    },
    keep: (item) => void records.set(item.id, item),
    drop: (id) => void records.delete(id),
    saved: () => Promise.resolve(),
  };
}

/** A device record for tests; `changes` replaces its defaults. */
export function deviceRecordOf(id: string, changes: Partial<DeviceRecord> = {}): DeviceRecord {
  return {
    id,
    name: null,
    hostname: id,
    ip: '1.2.3.4',
    os: 'Linux',
    tags: [],
    inventory: {},
    registered_at: 1,
    enrolled_with: 'key',
    token_hash: 'hash',
    token_issued_at: 1,
    token_revoked_at: null,
    interval_s: 5,
    last_seen: null,
    clock_skew_ms: null,
    dropped: 0,
    ...changes,
  };
}
