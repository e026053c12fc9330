/** [S4] The audit log: who did what to what, from which address, when. It keeps the newest entries. */
import { randomUUID } from 'node:crypto';
import type { AuditEntry } from '#protocol/api.ts';
import type { Collection } from '../state/collection.ts';
import type { AuditRecord } from '../state/records.ts';

const MAX_ENTRIES = 2000;
/**
 * Anybody can cause these entries, so they have a limit of their own: they must not push out administrators'
 * acts.
 */
const MAX_REFUSED_SIGN_INS = 500;
/** The action of an entry about a refused sign-in. */
export const SIGN_IN_REFUSED = 'sign-in refused';

export interface Audit {
  /** Adds an entry with the current time. */
  record(entry: Omit<AuditEntry, 't'>): void;
  /** All entries, newest first. */
  list(): readonly AuditEntry[];
}

/** @param onSaveError called when an entry cannot be written to disk */
export function createAudit(
  entries: Collection<AuditRecord>,
  now: () => number,
  onSaveError: (error: unknown) => void,
): Audit {
  /** The oldest entry beyond one of the two limits. */
  function entryToDrop(): AuditRecord | undefined {
    const all = entries.all();
    const refused = all.filter(({ action }) => action === SIGN_IN_REFUSED);
    if (refused.length > MAX_REFUSED_SIGN_INS) return refused[0];
    return all.length > MAX_ENTRIES ? all[0] : undefined;
  }

  return {
    record(entry) {
      entries.put({ ...entry, id: randomUUID(), t: now() }).catch(onSaveError);
      const dropped = entryToDrop();
      if (dropped) entries.remove(dropped.id).catch(onSaveError);
    },
    list: () => entries.all().toReversed(),
  };
}
