/** Deletes what is too old and what belongs to removed devices, in small slices, and gives the space back. */
import type { DatabaseSync } from 'node:sqlite';
import { HOUR, MINUTE, type Retention, type TierName } from '../history.ts';
import { BLOCK, key, type Tiers } from './tiers.ts';
import { numberOf } from './database.ts';

const DAY = 24 * HOUR;
const PASS_EVERY = 5 * MINUTE;
const ROWS_A_SLICE = 50;
const KEYS_A_SLICE = 500;
const PAGES_A_SLICE = 16;
/** Free pages are left for what comes next up to this share of the file. */
const FREE_SHARE = 0.05;
const FREE_LEAST = 16;

const WIDTH: Readonly<Record<TierName, number>> = { raw: MINUTE, minutes: HOUR, quarters: BLOCK };

/** When each tier begins, epoch milliseconds; whole rows of the next tier, so that none is half gone. */
export function tierStarts(retention: Retention, now: number): Record<TierName, number> {
  const down = (time: number, width: number) => Math.floor(time / width) * width;
  return {
    raw: down(now - retention.raw_days * DAY, HOUR),
    minutes: down(now - retention.minute_days * DAY, BLOCK),
    quarters: down(now - retention.quarter_days * DAY, BLOCK),
  };
}

/** One small step of work; undefined when there is none now. */
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
    raw: db.prepare('SELECT min(k) AS first, max(k) AS last FROM raw'),
    minutes: db.prepare('SELECT min(k) AS first, max(k) AS last FROM minutes'),
    quarters: db.prepare('SELECT min(k) AS first, max(k) AS last FROM quarters'),
  };
  const freePages = db.prepare('PRAGMA freelist_count');
  const allPages = db.prepare('PRAGMA page_count');
  let lastPass = -Infinity;
  let removing: { readonly device: number; readonly tiers: TierName[]; span: number } | undefined;
  let mayRemove = true;

  function sliceOf(tier: TierName) {
    return db.prepare(
      `DELETE FROM ${tier} WHERE k IN (SELECT k FROM ${tier} WHERE k < ? ORDER BY k LIMIT ${ROWS_A_SLICE})`,
    );
  }

  /** Rows deleted. Samples go only when they are in the next tier. */
  function expire(now: number): number {
    const starts = tierStarts(retention, now);
    const to: Record<TierName, number> = {
      raw: Math.min(starts.raw, tiers.rolledTo.minutes),
      minutes: Math.min(starts.minutes, tiers.rolledTo.quarters),
      quarters: starts.quarters,
    };
    let rows = 0;
    for (const tier of ['raw', 'minutes', 'quarters'] as const)
      rows += Number(deletes[tier].run(key(Math.floor(to[tier] / WIDTH[tier]), 0)).changes);
    return rows;
  }

  function removeOn(): boolean {
    if (removing === undefined) {
      const device = mayRemove ? numberOf(nextRemoved.get(), 'device') : undefined;
      mayRemove = device !== undefined;
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
    const last = Math.floor((numberOf(range, 'last') ?? -1) / key(1, 0));
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
    /** Work inside a transaction; false when there is none. */
    deleteSome(now: number): boolean {
      if (removeOn()) return true;
      if (now - lastPass < PASS_EVERY) return false;
      if (expire(now) > 0) return true;
      lastPass = now;
      return false;
    },
    /** Outside a transaction; false when there is nothing worth giving back. */
    vacuumSome(): boolean {
      const free = numberOf(freePages.get(), 'freelist_count') ?? 0;
      const all = numberOf(allPages.get(), 'page_count') ?? 0;
      if (free <= Math.max(FREE_LEAST, all * FREE_SHARE)) return false;
      db.exec(`PRAGMA incremental_vacuum(${PAGES_A_SLICE})`);
      return true;
    },
    deviceRemoved(): void {
      mayRemove = true;
    },
  };
}
