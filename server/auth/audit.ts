/** [S4] The audit log: who did what to what, from where, when. The newest entries are kept. */
import { randomUUID } from 'node:crypto';
import type { AuditEntry } from '#protocol/api.ts';
import type { Collection } from '../store/collection.ts';
import type { AuditRecord } from '../store/records.ts';

const KEPT = 2000;

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
  return {
    record(entry) {
      entries.put({ ...entry, id: randomUUID(), t: now() }).catch(failed);
      const oldest = entries.all().length > KEPT ? entries.all()[0] : undefined;
      if (oldest) entries.remove(oldest.id).catch(failed);
    },
    list: () => entries.all().toReversed(),
  };
}
