/** [S4] The audit log: who did what to what, from where, when. The newest entries are kept. */
import { randomUUID } from 'node:crypto';
import type { AuditEntry } from '#protocol/api.ts';
import type { Collection } from '../state/collection.ts';
import type { AuditRecord } from '../state/records.ts';

const KEPT = 2000;
/** Anybody can be refused; that must not push out what administrators did. */
const REFUSED_KEPT = 500;
export const SIGN_IN_REFUSED = 'sign-in refused';

export interface Audit {
  record(entry: Omit<AuditEntry, 't'>): void;
  /** Newest first. */
  list(): readonly AuditEntry[];
}

export function createAudit(
  entries: Collection<AuditRecord>,
  now: () => number,
  failed: (error: unknown) => void,
): Audit {
  function oneTooMany(): AuditRecord | undefined {
    const all = entries.all();
    const refused = all.filter(({ action }) => action === SIGN_IN_REFUSED);
    if (refused.length > REFUSED_KEPT) return refused[0];
    return all.length > KEPT ? all[0] : undefined;
  }

  return {
    record(entry) {
      entries.put({ ...entry, id: randomUUID(), t: now() }).catch(failed);
      const oldest = oneTooMany();
      if (oldest) entries.remove(oldest.id).catch(failed);
    },
    list: () => entries.all().toReversed(),
  };
}
