/**
 * What machines have declared of their own fields. Many machines declare the same, as they run the same exporters: each
 * set of declarations is kept once, and a device's record names the one that is its own.
 */
import { createHash } from 'node:crypto';
import { MOST_DECLARATIONS, type Declarations } from '#protocol/declarations.ts';
import { declarationKey, type Meaning } from '#protocol/meaning.ts';
import type { Collection } from '../state/collection.ts';
import type { DeclarationSetRecord, DeviceRecord } from '../state/records.ts';
import type { Sight } from '../types.ts';

export interface FieldMeanings {
  /**
   * Notes what a push declares. Returns whether the device is to be asked for its declarations: it has some, by the
   * text that stands for them, which are not known here.
   */
  note(push: {
    readonly deviceId: string;
    readonly declared: string | undefined;
    readonly declarations: Declarations | undefined;
  }): boolean;
  /** What the device has declared of a field. */
  of(deviceId: string, field: string): Meaning | undefined;
  /** What most machines that have declared something of a field say; `among`: of these machines alone. */
  common(field: string, among?: Pick<Sight, 'has'>): Meaning | undefined;
  /** The keys of what machines have declared, at most so many. */
  keys(most: number): readonly string[];
  /** Forgets a removed device; what no other machine has declared is gone. */
  forget(deviceId: string): void;
}

export interface FieldMeaningsParts {
  readonly devices: Pick<Collection<DeviceRecord>, 'all' | 'get' | 'putSoon'>;
  readonly sets: Collection<DeclarationSetRecord>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** A device is asked again after this time, in milliseconds. */
const ASK_EVERY = 30_000;

/** Its content, whatever the order of it. */
function setId(fields: Declarations): string {
  const sorted = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 24);
}

/** [I8] Both, of which the newer ones count; past the bound, the oldest give way. */
function joined(before: Declarations, now: Declarations): Declarations {
  const kept = Object.entries(before).filter(([key]) => !Object.hasOwn(now, key));
  return Object.fromEntries([...kept, ...Object.entries(now)].slice(-MOST_DECLARATIONS));
}

export function createFieldMeanings({ devices, sets, now }: FieldMeaningsParts): FieldMeanings {
  /** Set → the devices whose own it is. */
  const owners = new Map<string, Set<string>>();
  /** The set of each device, which its record may no longer tell. */
  const setOf = new Map<string, string>();
  const askedAt = new Map<string, number>();
  let common = new Map<string, Meaning | undefined>();

  const leave = (deviceId: string) => {
    const id = setOf.get(deviceId);
    if (id === undefined) return;
    setOf.delete(deviceId);
    const others = owners.get(id);
    others?.delete(deviceId);
    if (others?.size !== 0) return;
    owners.delete(id);
    sets.drop(id);
  };

  const join = (deviceId: string, id: string) => {
    setOf.set(deviceId, id);
    const others = owners.get(id);
    if (others === undefined) owners.set(id, new Set([deviceId]));
    else others.add(deviceId);
  };

  for (const { id, declaration_set: set } of devices.all())
    if (set !== undefined && sets.get(set) !== undefined) join(id, set);
  // A crash may have come between the two files.
  for (const { id } of sets.all()) if (!owners.has(id)) sets.drop(id);

  const fieldsOf = (deviceId: string) => sets.get(setOf.get(deviceId) ?? '')?.fields;

  /** Keeps what a device declares. A set that has a text for all of it is whole; another adds to what is known. */
  const keep = (record: DeviceRecord, declared: string | undefined, declarations: Declarations) => {
    const before = fieldsOf(record.id) ?? {};
    const fields = declared === undefined ? joined(before, declarations) : declarations;
    const id = setId(fields);
    const isSame = setOf.get(record.id) === id;
    if (!isSame) {
      if (sets.get(id) === undefined) sets.putSoon({ id, fields });
      leave(record.id);
      join(record.id, id);
      common = new Map();
    }
    if (isSame && record.declared === declared) return;
    devices.putSoon({ ...record, declaration_set: id, declared });
  };

  return {
    note({ deviceId, declared, declarations }) {
      if (declared === undefined && declarations === undefined) return false;
      const record = devices.get(deviceId);
      if (record === undefined) return false;
      if (declarations !== undefined) {
        keep(record, declared, declarations);
        askedAt.delete(deviceId);
        return false;
      }
      if (record.declared === declared && setOf.has(deviceId)) return false;
      // Two senders that push as one device would each be asked with every push.
      if (Math.abs(now() - (askedAt.get(deviceId) ?? -Infinity)) < ASK_EVERY) return false;
      askedAt.set(deviceId, now());
      return true;
    },
    of: (deviceId, field) => fieldsOf(deviceId)?.[declarationKey(field)],
    common(field, among) {
      const key = declarationKey(field);
      if (among === undefined && common.has(key)) return common.get(key);
      let best: Meaning | undefined;
      let most = 0;
      for (const [id, devicesOf] of owners) {
        const meaning = sets.get(id)?.fields[key];
        if (meaning === undefined) continue;
        const count =
          among === undefined ? devicesOf.size : [...devicesOf].filter((one) => among.has(one)).length;
        if (count > most) [best, most] = [meaning, count];
      }
      if (among === undefined) {
        // Names that nobody has cost something, too.
        if (common.size >= MOST_DECLARATIONS * 10) common = new Map();
        common.set(key, best);
      }
      return best;
    },
    keys(most) {
      const found = new Set<string>();
      const byOwners = [...owners].sort(([, a], [, b]) => b.size - a.size);
      for (const [id] of byOwners)
        for (const key of Object.keys(sets.get(id)?.fields ?? {})) {
          if (found.size >= most) return [...found];
          found.add(key);
        }
      return [...found];
    },
    forget(deviceId) {
      leave(deviceId);
      askedAt.delete(deviceId);
      common = new Map();
    },
  };
}
