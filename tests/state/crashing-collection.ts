/**
 * The State contract over a disk that the test writes: what was changed since the last write is gone after a crash, and
 * nobody's change is saved before it.
 */
import type { Collection } from '../../server/state/collection.ts';

export interface CrashingCollection<T extends { readonly id: string }> {
  /** What a running server uses; after a crash, another one. */
  readonly collection: Collection<T>;
  /** Writes what was changed to the disk. */
  write(): void;
  /** Lets all changes since the last write be lost. */
  crash(): void;
  onDisk(): readonly T[];
}

export function crashingCollection<T extends { readonly id: string }>(): CrashingCollection<T> {
  let disk = new Map<string, T>();

  function open() {
    const records = new Map(disk);
    let waiting: (() => void)[] = [];
    const saved = () => new Promise<void>((resolve) => waiting.push(resolve));
    const collection: Collection<T> = {
      all: () => [...records.values()],
      get: (id) => records.get(id),
      put(item) {
        records.set(item.id, item);
        return saved();
      },
      putAll(items) {
        for (const item of items) records.set(item.id, item);
        return saved();
      },
      remove(id) {
        records.delete(id);
        return saved();
      },
      keep: (item) => void records.set(item.id, item),
      putSoon: (item) => void records.set(item.id, item),
      drop: (id) => void records.delete(id),
      saved,
    };
    const write = () => {
      disk = new Map(records);
      const done = waiting;
      waiting = [];
      for (const resolve of done) resolve();
    };
    return { collection, write };
  }

  let opened = open();
  return {
    get collection() {
      return opened.collection;
    },
    write: () => opened.write(),
    crash() {
      opened = open();
    },
    onDisk: () => [...disk.values()],
  };
}
