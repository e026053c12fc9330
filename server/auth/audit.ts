/**
 * [S4] The audit log: who did what to what, from which address, when.
 *
 * Each kind of actor has its own share, of which it keeps the newest entries, so nothing that a device, a display or a
 * stranger does pushes out what an administrator did. What happens again is counted in the entry that is there.
 * Administrators' entries have a file of their own and are saved at once; all others are saved every few seconds, so a
 * flood of them does not rewrite the file each time.
 */
import { randomUUID } from 'node:crypto';
import type { AuditEntry } from '#protocol/api.ts';
import type { Collection } from '../state/collection.ts';
import type { AuditRecord } from '../state/records.ts';
import type { Clock, SignedIn } from '../types.ts';

type ActorKind = AuditEntry['by'];

/** Entries that are kept. */
const SHARES: Readonly<Record<ActorKind, number>> = {
  administrator: 5000,
  user: 500,
  display: 500,
  device: 500,
  stranger: 500,
};
/** An entry counts equal ones for this long after its first one. */
const COUNTED_MS = 3_600_000;
const SAVE_EVERY_MS = 5000;

export type NewEntry = Pick<AuditEntry, 'by' | 'actor' | 'address' | 'action' | 'target'>;

export interface Audit {
  /** Adds an entry with the current time, or counts it in an equal one. */
  record(entry: NewEntry): void;
  /** All entries, newest first. */
  list(): readonly AuditEntry[];
  /** Gives the collection what it does not have yet. */
  stop(): void;
}

export interface AuditParts {
  readonly administrators: Collection<AuditRecord>;
  /** Entries of all other kinds of actors. */
  readonly others: Collection<AuditRecord>;
  readonly clock: Pick<Clock, 'now' | 'every'>;
  /** The network by which an address is compared, so that changing addresses inside one makes no new entries. */
  readonly networkOf: (address: string) => string;
}

/** Who a person's act is written down for. */
export function actorOf(
  { username, role }: Pick<SignedIn, 'username' | 'role'>,
  { address }: { readonly address: string },
): Pick<NewEntry, 'by' | 'actor' | 'address'> {
  return { by: role === 'admin' ? 'administrator' : 'user', actor: username, address };
}

export function createAudit({ administrators, others, clock, networkOf }: AuditParts): Audit {
  let newest = administrators.all().at(-1);
  /** The entries of all other kinds, by id, the newest last. */
  const kept = new Map(
    others
      .all()
      .toSorted((a, b) => a.t - b.t)
      .map((entry) => [entry.id, entry]),
  );
  const unsaved = new Set<string>();

  function isSame(entry: AuditRecord, { by, actor, address, action, target }: NewEntry): boolean {
    return (
      entry.by === by &&
      entry.actor === actor &&
      entry.action === action &&
      entry.target === target &&
      networkOf(entry.address) === networkOf(address) &&
      Math.abs(clock.now() - (entry.since ?? entry.t)) < COUNTED_MS
    );
  }

  function counted(earlier: AuditRecord | undefined, entry: NewEntry): AuditRecord {
    const t = clock.now();
    return earlier
      ? { ...earlier, address: entry.address, t, since: earlier.since ?? earlier.t, count: earlier.count + 1 }
      : { ...entry, id: randomUUID(), t, count: 1 };
  }

  /** Only an entry that follows at once is counted: the order of administrators' acts stays readable. */
  function recordAdministrator(entry: NewEntry): void {
    newest = counted(newest && isSame(newest, entry) ? newest : undefined, entry);
    administrators.keep(newest);
    const [oldest] = administrators.all();
    if (oldest && administrators.all().length > SHARES.administrator) administrators.drop(oldest.id);
  }

  function recordOther(entry: NewEntry): void {
    const all = [...kept.values()];
    const record = counted(
      all.findLast((earlier) => isSame(earlier, entry)),
      entry,
    );
    kept.delete(record.id);
    kept.set(record.id, record);
    unsaved.add(record.id);
    const ofKind = all.filter(({ by }) => by === entry.by);
    const [oldest] = ofKind;
    if (!oldest || record.count > 1 || ofKind.length < SHARES[entry.by]) return;
    kept.delete(oldest.id);
    unsaved.add(oldest.id);
  }

  /** All changes made here in one go are written to the file together. */
  function saveOthers(): void {
    for (const id of unsaved) {
      const record = kept.get(id);
      if (record) others.keep(record);
      else others.drop(id);
    }
    unsaved.clear();
  }

  const stopSaving = clock.every(saveOthers, SAVE_EVERY_MS);

  return {
    record: (entry) => (entry.by === 'administrator' ? recordAdministrator(entry) : recordOther(entry)),
    list: () => [...administrators.all(), ...kept.values()].toReversed().toSorted((a, b) => b.t - a.t),
    stop() {
      stopSaving();
      saveOthers();
    },
  };
}
