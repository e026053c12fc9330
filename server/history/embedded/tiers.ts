/**
 * The three tiers in the database: per-second samples (a row per device and minute), minute buckets (a row
 * per device and hour), quarter-hour buckets (a row per device and block of four days). A row of a coarser
 * tier is made once its time is over. Before that, and after late samples came, reading computes it from the
 * finer tier.
 */
import type { DatabaseSync } from 'node:sqlite';
import { HOUR, MINUTE } from '#protocol/span.ts';
import { QUARTER, type TierName } from '../history.ts';
import { decodeBlock, encodeBlock } from './blocks.ts';
import { pageTable, type Page } from './page.ts';
import {
  addBuckets,
  addSamples,
  keepFuller,
  rollupColumns,
  rollupTable,
  tableRollup,
  type Rollup,
} from './rollup.ts';
import type { Table } from './table.ts';
import { bytesOf, numberOf, spanOfKeys } from './database.ts';

/** The time that a row of quarter-hour buckets covers, in milliseconds. */
export const BLOCK = 96 * HOUR;
/** The time that one row of a tier covers, in milliseconds. */
export const ROW_WIDTH: Readonly<Record<TierName, number>> = { raw: MINUTE, minutes: HOUR, quarters: BLOCK };
const MINUTES_AN_HOUR = HOUR / MINUTE;
const HOURS_A_BLOCK = BLOCK / HOUR;
/** How long after its end an hour or block is rolled up, in milliseconds. */
const ROLL_GRACE = 2 * MINUTE;
/**
 * How long late samples of an hour that was rolled up gather before its row is made again, in milliseconds.
 */
const DIRTY_WAIT = MINUTE;
/** More than there are device numbers; see `key`. */
const DEVICES = 2 ** 27;

/** The row key of a device's span: the number of a minute, hour or block since the epoch. */
export const key = (span: number, device: number): number => span * DEVICES + device;
const spanOf = (k: number): number => Math.floor(k / DEVICES);
const deviceOf = (k: number): number => k % DEVICES;

/** The field ids to read; undefined for all. */
type Fields = ReadonlySet<number> | undefined;

/**
 * A step of rolling up. Call `work` inside a transaction and `done` right after it; where the transaction is
 * rolled back, call `reload`.
 */
export interface Step {
  work(): void;
  done(): void;
}

export interface Tiers {
  /** The samples of a minute as they are stored, without what is only in memory. */
  storedMinute(device: number, minute: number): Table | undefined;
  /** The samples of a minute, whether in memory or stored. */
  minuteTable(device: number, minute: number, fields?: Fields): Table | undefined;
  /** The minute buckets of an hour. */
  hourRollup(device: number, hour: number, fields?: Fields): Rollup;
  /** The quarter-hour buckets of a block. */
  blockRollup(device: number, block: number, fields?: Fields): Rollup;
  /** The first span that a tier has a row for. */
  firstSpan(tier: TierName): number | undefined;
  putMinute(device: number, minute: number, table: Table): void;
  /**
   * Notes that a minute has new samples. Where its hour or block was rolled up already, their rows are made
   * again. With `onDisk` this is also stored; call it inside a transaction then.
   */
  markLate(device: number, minute: number, now: number, onDisk: boolean): void;
  /** The next row to make; undefined where none is due. */
  nextStep(now: number): Step | undefined;
  /**
   * Everything before these times, epoch milliseconds, is rolled up into the minute and the quarter-hour
   * tier.
   */
  readonly rolledTo: { readonly minutes: number; readonly quarters: number };
  forgetDevice(device: number): void;
  /** Goes back to the progress that is stored, after a transaction was rolled back. */
  reload(): void;
}

export interface TiersParts {
  readonly db: DatabaseSync;
  /** The pages in memory, by row key. */
  readonly pages: ReadonlyMap<number, Page>;
  /** All devices: number, and number of the newest minute with samples. */
  readonly devices: () => Iterable<{ readonly id: number; readonly newest: number }>;
  /** Epoch milliseconds; a new database counts as rolled up until then. */
  readonly now: number;
  /** Called when a row turns out to be damaged; it then counts as missing. The same row may be told again. */
  readonly onUnreadable: (row: UnreadableRow) => void;
}

/** A row whose bytes are damaged. */
export interface UnreadableRow {
  readonly tier: TierName;
  /** The device's number in the registry. */
  readonly device: number;
  /** Where the row's time begins, epoch milliseconds. */
  readonly from: number;
  readonly error: unknown;
}

export function openTiers({ db, pages, devices, now, onUnreadable }: TiersParts): Tiers {
  const get = {
    raw: db.prepare('SELECT data FROM raw WHERE k = ?'),
    minutes: db.prepare('SELECT data FROM minutes WHERE k = ?'),
    quarters: db.prepare('SELECT data FROM quarters WHERE k = ?'),
  };
  const put = {
    raw: db.prepare('INSERT INTO raw VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET data = excluded.data'),
    minutes: db.prepare(
      'INSERT INTO minutes VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET data = excluded.data',
    ),
    quarters: db.prepare(
      'INSERT INTO quarters VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET data = excluded.data',
    ),
  };
  /** Deletes a row that cannot be read and of which nothing is left to make it again. */
  const drop = {
    minutes: db.prepare('DELETE FROM minutes WHERE k = ?'),
    quarters: db.prepare('DELETE FROM quarters WHERE k = ?'),
  };
  const keys = {
    raw: db.prepare(spanOfKeys('raw')),
    minutes: db.prepare(spanOfKeys('minutes')),
    quarters: db.prepare(spanOfKeys('quarters')),
  };
  /** Rows to be made again, by key, each with the time from which that is due, epoch milliseconds. */
  const dirty = {
    hours: loadDirty('dirty_hours'),
    blocks: loadDirty('dirty_blocks'),
    putHour: db.prepare('INSERT OR IGNORE INTO dirty_hours VALUES (?)'),
    putBlock: db.prepare('INSERT OR IGNORE INTO dirty_blocks VALUES (?)'),
    dropHour: db.prepare('DELETE FROM dirty_hours WHERE k = ?'),
    dropBlock: db.prepare('DELETE FROM dirty_blocks WHERE k = ?'),
  };
  /** All hours and blocks below these numbers are rolled up, except for the dirty ones. */
  const rolled = {
    hour: plausible('raw', MINUTE, HOUR, loadMark('rolled_hour', Math.floor(now / HOUR))),
    block: plausible('minutes', HOUR, BLOCK, loadMark('rolled_block', Math.floor(now / BLOCK))),
  };
  /** The span that is being rolled up for all devices, and the devices still to do. */
  let walk: { readonly kind: 'hour' | 'block'; readonly devices: number[] } | undefined;

  /** The keys in the table, all of them due at once. */
  function loadDirty(table: string): Map<number, number> {
    return new Map(
      db
        .prepare(`SELECT k FROM ${table}`)
        .all()
        .map((row): [number, number] => [Number(row['k']), 0]),
    );
  }

  /** The stored mark of this name; where there is none, `first` is stored and returned. */
  function loadMark(name: string, first: number): number {
    const stored = numberOf(db.prepare('SELECT value FROM meta WHERE key = ?').get(name), 'value');
    if (stored !== undefined) return stored;
    setMark(name, first);
    return first;
  }

  function setMark(name: string, value: number): void {
    db.prepare('INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value').run(
      name,
      value,
    );
  }

  /**
   * The stored mark, moved to where it can be: not past the present, and not before the first row of the finer
   * tier. A damaged mark, or one from a clock that was wrong, then does no harm.
   * @param finerWidth the time that a row of the finer tier covers, and `width` that of a row to be made
   */
  function plausible(finer: TierName, finerWidth: number, width: number, mark: number): number {
    const present = Math.floor(now / width);
    const first = Math.floor(((firstSpan(finer) ?? Infinity) * finerWidth) / width);
    return Math.min(present, Math.max(first, mark));
  }

  function firstSpan(tier: TierName): number | undefined {
    const k = numberOf(keys[tier].get(), 'first');
    return k === undefined ? undefined : spanOf(k);
  }

  /** The stored row; `damaged` where it is there but cannot be read. */
  function row(
    tier: TierName,
    span: number,
    device: number,
    ids?: ReadonlySet<number>,
  ): Table | undefined | 'damaged' {
    const k = key(span, device);
    try {
      const data = bytesOf(get[tier].get(k), 'data');
      return data === undefined ? undefined : decodeBlock(tier, k, data, ids);
    } catch (error) {
      onUnreadable({ tier, device, from: span * ROW_WIDTH[tier], error });
      // A row of buckets is made again, from as much of the finer tier as is still there.
      if (tier === 'minutes') dirty.hours.set(k, 0);
      if (tier === 'quarters') dirty.blocks.set(k, 0);
      return 'damaged';
    }
  }

  function storedMinute(device: number, minute: number, ids?: Fields): Table | undefined {
    const table = row('raw', minute, device, ids);
    return table === 'damaged' ? undefined : table;
  }

  /** The stored buckets; `damaged` where they cannot be read. */
  function rollupRow(
    tier: 'minutes' | 'quarters',
    span: number,
    device: number,
    fields: Fields,
  ): Rollup | 'damaged' {
    const table = row(tier, span, device, fields === undefined ? undefined : rollupColumns(fields));
    if (table === 'damaged') return 'damaged';
    return table === undefined ? new Map() : tableRollup(table);
  }

  /** Merges the stored buckets, where they can be read, with those computed from the finer tier. */
  function mergeStored(stored: Rollup | 'damaged', fresh: Rollup): Rollup {
    return stored === 'damaged' ? fresh : keepFuller(stored, fresh);
  }

  function minuteTable(device: number, minute: number, fields?: Fields): Table | undefined {
    const page = pages.get(key(minute, device));
    return page === undefined ? storedMinute(device, minute, fields) : pageTable(page, fields);
  }

  /**
   * The hour computed from its samples, merged with the stored row: some of its samples may be deleted
   * already.
   */
  function computedHour(device: number, hour: number, fields: Fields): Rollup {
    const fresh: Rollup = new Map();
    for (let i = 0; i < MINUTES_AN_HOUR; i++) {
      const table = minuteTable(device, hour * MINUTES_AN_HOUR + i, fields);
      if (table !== undefined) addSamples(fresh, table, MINUTE);
    }
    return mergeStored(rollupRow('minutes', hour, device, fields), fresh);
  }

  function hourRollup(device: number, hour: number, fields?: Fields): Rollup {
    const pending = hour >= rolled.hour || dirty.hours.has(key(hour, device));
    const stored = pending ? undefined : rollupRow('minutes', hour, device, fields);
    if (stored !== 'damaged' && stored !== undefined) return stored;
    return computedHour(device, hour, fields);
  }

  /** As `computedHour`, but a block from its hours. */
  function computedBlock(device: number, block: number, fields: Fields): Rollup {
    const fresh: Rollup = new Map();
    for (let i = 0; i < HOURS_A_BLOCK; i++)
      addBuckets(fresh, hourRollup(device, block * HOURS_A_BLOCK + i, fields), QUARTER);
    return mergeStored(rollupRow('quarters', block, device, fields), fresh);
  }

  function blockRollup(device: number, block: number, fields?: Fields): Rollup {
    const pending = block >= rolled.block || dirty.blocks.has(key(block, device));
    const stored = pending ? undefined : rollupRow('quarters', block, device, fields);
    if (stored !== 'damaged' && stored !== undefined) return stored;
    return computedBlock(device, block, fields);
  }

  function rollHour(k: number): void {
    const rollup = computedHour(deviceOf(k), spanOf(k), undefined);
    if (rollup.size > 0) put.minutes.run(k, encodeBlock('minutes', k, rollupTable(rollup)));
    else drop.minutes.run(k);
    dirty.dropHour.run(k);
  }

  function rollBlock(k: number): void {
    const rollup = computedBlock(deviceOf(k), spanOf(k), undefined);
    if (rollup.size > 0) put.quarters.run(k, encodeBlock('quarters', k, rollupTable(rollup)));
    else drop.quarters.run(k);
    dirty.dropBlock.run(k);
  }

  /** Whether a span of `width` milliseconds ended long enough ago that most of its samples have come. */
  function isOver(span: number, width: number, now: number): boolean {
    return (span + 1) * width + ROLL_GRACE <= now;
  }

  function markLate(device: number, minute: number, now: number, onDisk: boolean): void {
    const hour = Math.floor(minute / MINUTES_AN_HOUR);
    // A new database counts as rolled up until its first hour, also where the hour before has only just ended.
    if (hour >= rolled.hour && !isOver(hour, HOUR, now)) return;
    const hourKey = key(hour, device);
    if (!dirty.hours.has(hourKey)) dirty.hours.set(hourKey, now + DIRTY_WAIT);
    if (onDisk) dirty.putHour.run(hourKey);
    const block = Math.floor(hour / HOURS_A_BLOCK);
    if (block >= rolled.block && !isOver(block, BLOCK, now)) return;
    const blockKey = key(block, device);
    // A block waits longer, so that its hours are made again before it.
    if (!dirty.blocks.has(blockKey)) dirty.blocks.set(blockKey, now + 2 * DIRTY_WAIT);
    if (onDisk) dirty.putBlock.run(blockKey);
  }

  /**
   * The next step of rolling up a span that is over: one device after the other, then the mark moves past the
   * span.
   */
  function nextStepOfWalk(kind: 'hour' | 'block', width: number): Step {
    const span = rolled[kind];
    walk ??= {
      kind,
      devices: [...devices()].filter(({ newest }) => newest * MINUTE >= span * width).map(({ id }) => id),
    };
    const { devices: remaining } = walk;
    const device = remaining.at(-1);
    if (device === undefined)
      return {
        work: () => setMark(`rolled_${kind}`, span + 1),
        done: () => {
          rolled[kind] = span + 1;
          walk = undefined;
        },
      };
    return kind === 'hour'
      ? stepFor(rollHour, key(span, device), () => remaining.pop())
      : stepFor(rollBlock, key(span, device), () => remaining.pop());
  }

  /** The step that makes one row with `roll`, and calls `after` when it is stored. */
  function stepFor(roll: (k: number) => void, k: number, after: () => void): Step {
    return {
      work: () => roll(k),
      done: () => {
        (roll === rollHour ? dirty.hours : dirty.blocks).delete(k);
        after();
      },
    };
  }

  function firstDue(keys: ReadonlyMap<number, number>, now: number): number | undefined {
    for (const [k, dueAt] of keys) if (dueAt <= now) return k;
    return undefined;
  }

  function nextStep(now: number): Step | undefined {
    if (walk !== undefined) return nextStepOfWalk(walk.kind, walk.kind === 'hour' ? HOUR : BLOCK);
    const hourKey = firstDue(dirty.hours, now);
    if (hourKey !== undefined) return stepFor(rollHour, hourKey, () => undefined);
    if (isOver(rolled.hour, HOUR, now)) return nextStepOfWalk('hour', HOUR);
    const blockKey = firstDue(dirty.blocks, now);
    if (blockKey !== undefined) return stepFor(rollBlock, blockKey, () => undefined);
    if (isOver(rolled.block, BLOCK, now)) return nextStepOfWalk('block', BLOCK);
    return undefined;
  }

  return {
    storedMinute,
    minuteTable,
    hourRollup,
    blockRollup,
    firstSpan,
    putMinute(device, minute, table) {
      const k = key(minute, device);
      put.raw.run(k, encodeBlock('raw', k, table));
    },
    markLate,
    nextStep,
    get rolledTo() {
      return {
        minutes: dirty.hours.size > 0 ? 0 : rolled.hour * HOUR,
        quarters: dirty.blocks.size > 0 || dirty.hours.size > 0 ? 0 : rolled.block * BLOCK,
      };
    },
    reload() {
      walk = undefined;
      rolled.hour = loadMark('rolled_hour', rolled.hour);
      rolled.block = loadMark('rolled_block', rolled.block);
      for (const k of loadDirty('dirty_hours').keys()) dirty.hours.set(k, 0);
      for (const k of loadDirty('dirty_blocks').keys()) dirty.blocks.set(k, 0);
    },
    forgetDevice(device) {
      for (const k of dirty.hours.keys()) if (deviceOf(k) === device) dirty.hours.delete(k);
      for (const k of dirty.blocks.keys()) if (deviceOf(k) === device) dirty.blocks.delete(k);
    },
  };
}
