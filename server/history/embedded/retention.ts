/**
 * Deletes rows that are too old or belong to removed devices, in small slices so that calls are not held up,
 * and gives the disk space back.
 */
import type { DatabaseSync } from 'node:sqlite';
import { DAY, HOUR, MINUTE } from '#protocol/span.ts';
import { type Retention, type TierName } from '../history.ts';
import { BLOCK, key, ROW_WIDTH, type Tiers } from './tiers.ts';
import { numberOf, spanOfKeys } from './database.ts';

/** How often old rows are looked for, in milliseconds. */
const EXPIRE_INTERVAL = 5 * MINUTE;
/** How much one slice of work does: rows deleted, keys tried, pages of the file given back. */
const ROWS_A_SLICE = 50;
const KEYS_A_SLICE = 500;
const PAGES_A_SLICE = 16;
/** Free pages are given back only beyond this share of the file and this number; the rest serve new rows. */
const KEPT_FREE_SHARE = 0.05;
const KEPT_FREE_PAGES = 16;

/**
 * The time from which each tier keeps its data, epoch milliseconds: a multiple of the next tier's rows, so
 * that the data of such a row is never half deleted.
 */
export function tierStarts(retention: Retention, now: number): Record<TierName, number> {
  const roundDown = (time: number, width: number) => Math.floor(time / width) * width;
  return {
    raw: roundDown(now - retention.raw_days * DAY, HOUR),
    minutes: roundDown(now - retention.minute_days * DAY, BLOCK),
    quarters: roundDown(now - retention.quarter_days * DAY, BLOCK),
  };
}

export function openRetention(db: DatabaseSync, retention: Retention, tiers: Tiers) {
  const deletes = {
    raw: sliceOf('raw'),
    minutes: sliceOf('minutes'),
    quarters: sliceOf('quarters'),
  };
  const pointDeletes = {
    raw: db.prepare('DELETE FROM raw WHERE k = ?'),
    minutes: db.prepare('DELETE FROM minutes WHERE k = ?'),
    quarters: db.prepare('DELETE FROM quarters WHERE k = ?'),
  };
  const nextRemoved = db.prepare('SELECT min(device) AS device FROM removed');
  const dropRemoved = db.prepare('DELETE FROM removed WHERE device = ?');
  const spans = {
    raw: db.prepare(spanOfKeys('raw')),
    minutes: db.prepare(spanOfKeys('minutes')),
    quarters: db.prepare(spanOfKeys('quarters')),
  };
  const freePages = db.prepare('PRAGMA freelist_count');
  const allPages = db.prepare('PRAGMA page_count');
  /** When a look for old rows last found none left, epoch milliseconds. */
  let lastFoundNone = -Infinity;
  /**
   * The removed device whose rows are being deleted: tiers still to do, and the next span in the first of
   * them.
   */
  let removing: { readonly device: number; readonly tiers: TierName[]; span: number } | undefined;
  /** Whether the table `removed` may have an entry. */
  let mayHaveRemoved = true;

  function sliceOf(tier: TierName) {
    return db.prepare(
      `DELETE FROM ${tier} WHERE k IN (SELECT k FROM ${tier} WHERE k < ? ORDER BY k LIMIT ${ROWS_A_SLICE})`,
    );
  }

  /**
   * Deletes a slice of each tier's old rows, but none that is not yet rolled up. Returns how many it deleted.
   */
  function expireSlice(now: number): number {
    const starts = tierStarts(retention, now);
    const ends: Record<TierName, number> = {
      raw: Math.min(starts.raw, tiers.rolledTo.minutes),
      minutes: Math.min(starts.minutes, tiers.rolledTo.quarters),
      quarters: starts.quarters,
    };
    let rows = 0;
    for (const tier of ['raw', 'minutes', 'quarters'] as const)
      rows += Number(deletes[tier].run(key(Math.floor(ends[tier] / ROW_WIDTH[tier]), 0)).changes);
    return rows;
  }

  /** Deletes a slice of a removed device's rows; false where there is no such device. */
  function removeSlice(now: number): boolean {
    if (removing === undefined) {
      const device = mayHaveRemoved ? numberOf(nextRemoved.get(), 'device') : undefined;
      mayHaveRemoved = device !== undefined;
      if (device === undefined) return false;
      removing = { device, tiers: ['raw', 'minutes', 'quarters'], span: 0 };
    }
    const tier = removing.tiers[0];
    if (tier === undefined) {
      dropRemoved.run(removing.device);
      removing = undefined;
      return true;
    }
    const range = spans[tier].get();
    const first = Math.max(removing.span, Math.floor((numberOf(range, 'first') ?? 0) / key(1, 0)));
    // A damaged key may lie far in the future.
    const latest = Math.floor((now + DAY) / ROW_WIDTH[tier]);
    const last = Math.min(latest, Math.floor((numberOf(range, 'last') ?? -1) / key(1, 0)));
    const end = Math.min(last + 1, first + KEYS_A_SLICE);
    for (let span = first; span < end; span++) pointDeletes[tier].run(key(span, removing.device));
    removing.span = end;
    if (end > last) {
      removing.tiers.shift();
      removing.span = 0;
    }
    return true;
  }

  return {
    /** Deletes a slice. Call it inside a transaction. Returns false when there is nothing to delete now. */
    deleteSome(now: number): boolean {
      if (removeSlice(now)) return true;
      if (now - lastFoundNone < EXPIRE_INTERVAL) return false;
      if (expireSlice(now) > 0) return true;
      lastFoundNone = now;
      return false;
    },
    /**
     * Gives some free pages back to the disk. Call it outside a transaction. Returns false when too few are
     * free.
     */
    vacuumSome(): boolean {
      const free = numberOf(freePages.get(), 'freelist_count') ?? 0;
      const all = numberOf(allPages.get(), 'page_count') ?? 0;
      if (free <= Math.max(KEPT_FREE_PAGES, all * KEPT_FREE_SHARE)) return false;
      db.exec(`PRAGMA incremental_vacuum(${PAGES_A_SLICE})`);
      return true;
    },
    /** Tells that a device was removed from the registry. */
    deviceRemoved(): void {
      mayHaveRemoved = true;
    },
  };
}
