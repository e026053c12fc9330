/**
 * The three tiers in the database: per-second samples (a row per device and minute), minute buckets (a row
 * per device and hour), quarter-hour buckets (a row per device and block of four days). A row of a coarser
 * tier is made once its time is over. Before that, and after late samples came, reading computes it from the
 * finer tier.
 */
import type { DatabaseSync } from 'node:sqlite';
import { HOUR, MINUTE, QUARTER, type TierName } from '../history.ts';
import { decodeTable, encodeTable, type Table } from './codec.ts';
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
import { bytesOf, numberOf } from './database.ts';

/** The time that a row of quarter-hour buckets covers, in milliseconds. */
export const BLOCK = 96 * HOUR;
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

/**
 * @param pages the pages in memory, by row key
 * @param devices all devices: number, and number of the newest minute with samples
 * @param now epoch milliseconds; a new database counts as rolled up until then
 */
export function openTiers(
  db: DatabaseSync,
  pages: ReadonlyMap<number, Page>,
  devices: () => Iterable<{ readonly id: number; readonly newest: number }>,
  now: number,
): Tiers {
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
  const firstKey = {
    raw: db.prepare('SELECT min(k) AS k FROM raw'),
    minutes: db.prepare('SELECT min(k) AS k FROM minutes'),
    quarters: db.prepare('SELECT min(k) AS k FROM quarters'),
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
    hour: loadMark('rolled_hour', Math.floor(now / HOUR)),
    block: loadMark('rolled_block', Math.floor(now / BLOCK)),
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

  function row(tier: TierName, span: number, device: number, ids?: ReadonlySet<number>): Table | undefined {
    const data = bytesOf(get[tier].get(key(span, device)), 'data');
    return data === undefined ? undefined : decodeTable(data, ids);
  }

  function rollupRow(tier: 'minutes' | 'quarters', span: number, device: number, fields: Fields): Rollup {
    const table = row(tier, span, device, fields === undefined ? undefined : rollupColumns(fields));
    return table === undefined ? new Map() : tableRollup(table);
  }

  function minuteTable(device: number, minute: number, fields?: Fields): Table | undefined {
    const page = pages.get(key(minute, device));
    return page === undefined ? row('raw', minute, device, fields) : pageTable(page, fields);
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
    return keepFuller(rollupRow('minutes', hour, device, fields), fresh);
  }

  function hourRollup(device: number, hour: number, fields?: Fields): Rollup {
    const pending = hour >= rolled.hour || dirty.hours.has(key(hour, device));
    return pending ? computedHour(device, hour, fields) : rollupRow('minutes', hour, device, fields);
  }

  /** As `computedHour`, but a block from its hours. */
  function computedBlock(device: number, block: number, fields: Fields): Rollup {
    const fresh: Rollup = new Map();
    for (let i = 0; i < HOURS_A_BLOCK; i++)
      addBuckets(fresh, hourRollup(device, block * HOURS_A_BLOCK + i, fields), QUARTER);
    return keepFuller(rollupRow('quarters', block, device, fields), fresh);
  }

  function blockRollup(device: number, block: number, fields?: Fields): Rollup {
    const pending = block >= rolled.block || dirty.blocks.has(key(block, device));
    return pending ? computedBlock(device, block, fields) : rollupRow('quarters', block, device, fields);
  }

  function rollHour(k: number): void {
    const rollup = computedHour(deviceOf(k), spanOf(k), undefined);
    if (rollup.size > 0) put.minutes.run(k, encodeTable(rollupTable(rollup)));
    dirty.dropHour.run(k);
  }

  function rollBlock(k: number): void {
    const rollup = computedBlock(deviceOf(k), spanOf(k), undefined);
    if (rollup.size > 0) put.quarters.run(k, encodeTable(rollupTable(rollup)));
    dirty.dropBlock.run(k);
  }

  /** Whether a span of `width` milliseconds ended long enough ago that most of its samples have come. */
  function isOver(span: number, width: number, now: number): boolean {
    return (span + 1) * width + ROLL_GRACE <= now;
  }

  function markLate(device: number, minute: number, now: number, onDisk: boolean): void {
    const hour = Math.floor(minute / MINUTES_AN_HOUR);
    if (!isOver(hour, HOUR, now)) return;
    const hourKey = key(hour, device);
    if (!dirty.hours.has(hourKey)) dirty.hours.set(hourKey, now + DIRTY_WAIT);
    if (onDisk) dirty.putHour.run(hourKey);
    const block = Math.floor(hour / HOURS_A_BLOCK);
    if (!isOver(block, BLOCK, now)) return;
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
    storedMinute: (device, minute) => row('raw', minute, device),
    minuteTable,
    hourRollup,
    blockRollup,
    firstSpan(tier) {
      const k = numberOf(firstKey[tier].get(), 'k');
      return k === undefined ? undefined : spanOf(k);
    },
    putMinute: (device, minute, table) => void put.raw.run(key(minute, device), encodeTable(table)),
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
