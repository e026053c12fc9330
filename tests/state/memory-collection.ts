/** The State contract in memory, for tests of what uses it. */
import type { Collection } from '../../server/state/collection.ts';
import type { DeviceRecord } from '../../server/state/records.ts';

export function memoryCollection<T extends { readonly id: string }>(items: readonly T[] = []): Collection<T> {
  const held = new Map(items.map((item) => [item.id, item]));
  return {
    all: () => [...held.values()],
    get: (id) => held.get(id),
    put(item) {
      held.set(item.id, item);
      return Promise.resolve();
    },
    remove(id) {
      held.delete(id);
      return Promise.resolve();
    },
  };
}

export function deviceRecordOf(id: string, over: Partial<DeviceRecord> = {}): DeviceRecord {
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
    token_hash: null,
    token_issued_at: 1,
    token_revoked_at: null,
    interval_s: 5,
    last_seen: null,
    clock_skew_ms: null,
    dropped: 0,
    ...over,
  };
}
