/**
 * The three tiers: per-second samples (a row per device and minute), minute buckets (a row per device and
 * hour), quarter-hour buckets (a row per device and block of four days). A row of a coarser tier is made once
 * its time is over; until then, and when late samples came, it is made up from the finer tier while reading.
 */
import type { DatabaseSync } from 'node:sqlite';
import { HOUR, MINUTE, QUARTER, type TierName } from '../history.ts';
import { decodeTable, encodeTable, type Table } from './codec.ts';
import { pageTable, type Page } from './page.ts';
import {
  addBuckets,
  addSamples,
  fuller,
  rollupColumns,
  rollupTable,
  tableRollup,
  type Rollup,
} from './rollup.ts';
import { bytesOf, numberOf } from './database.ts';

/** What a row of quarter-hour buckets holds, milliseconds. */
export const BLOCK = 96 * HOUR;
const MINUTES_AN_HOUR = HOUR / MINUTE;
const HOURS_A_BLOCK = BLOCK / HOUR;
/** How long after its end an hour or block is rolled up. */
const ROLL_GRACE = 2 * MINUTE;
/** How long late samples of a rolled hour gather before it is made again. */
const DIRTY_WAIT = MINUTE;
const DEVICES = 2 ** 27;

/** The key of a span (minute, hour or block number) of a device. */
export const key = (span: number, device: number): number => span * DEVICES + device;
const spanOf = (k: number): number => Math.floor(k / DEVICES);
const deviceOf = (k: number): number => k % DEVICES;

type Fields = ReadonlySet<number> | undefined;

/** `work` runs inside a transaction, `done` right after it; call `reload` when the transaction is undone. */
export interface Step {
  work(): void;
  done(): void;
}

export interface Tiers {
  stored(device: number, minute: number): Table | undefined;
  /** The samples of a minute, whether in memory or stored. */
  minute(device: number, minute: number, fields?: Fields): Table | undefined;
  hour(device: number, hour: number, fields?: Fields): Rollup;
  block(device: number, block: number, fields?: Fields): Rollup;
  /** The first span a tier has a row for. */
  first(tier: TierName): number | undefined;
  putMinute(device: number, minute: number, table: Table): void;
  /** Late samples: the hour's row is to be made again. `stored` also notes it on disk, inside a transaction. */
  markLate(device: number, minute: number, now: number, stored: boolean): void;
  /** The next row to make. */
  due(now: number): Step | undefined;
  /** Everything before this time is rolled up into the next tier. */
  readonly rolledTo: { readonly minutes: number; readonly quarters: number };
  forgetDevice(device: number): void;
  /** Takes up again from what is on disk. */
  reload(): void;
}

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
  const least = {
    raw: db.prepare('SELECT min(k) AS k FROM raw'),
    minutes: db.prepare('SELECT min(k) AS k FROM minutes'),
    quarters: db.prepare('SELECT min(k) AS k FROM quarters'),
  };
  const dirty = {
    hours: loadDirty('dirty_hours'),
    blocks: loadDirty('dirty_blocks'),
    putHour: db.prepare('INSERT OR IGNORE INTO dirty_hours VALUES (?)'),
    putBlock: db.prepare('INSERT OR IGNORE INTO dirty_blocks VALUES (?)'),
    dropHour: db.prepare('DELETE FROM dirty_hours WHERE k = ?'),
    dropBlock: db.prepare('DELETE FROM dirty_blocks WHERE k = ?'),
  };
  /** Spans below are rolled up, but for the dirty ones. */
  const rolled = {
    hour: mark('rolled_hour', Math.floor(now / HOUR)),
    block: mark('rolled_block', Math.floor(now / BLOCK)),
  };
  let walk: { readonly kind: 'hour' | 'block'; readonly devices: number[] } | undefined;

  function loadDirty(table: string): Map<number, number> {
    return new Map(
      db
        .prepare(`SELECT k FROM ${table}`)
        .all()
        .map((row): [number, number] => [Number(row['k']), 0]),
    );
  }

  function mark(name: string, first: number): number {
    const known = numberOf(db.prepare('SELECT value FROM meta WHERE key = ?').get(name), 'value');
    if (known !== undefined) return known;
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

  function minute(device: number, at: number, fields?: Fields): Table | undefined {
    const page = pages.get(key(at, device));
    return page === undefined ? row('raw', at, device, fields) : pageTable(page, fields);
  }

  function freshHour(device: number, at: number, fields: Fields): Rollup {
    const fresh: Rollup = new Map();
    for (let i = 0; i < MINUTES_AN_HOUR; i++) {
      const table = minute(device, at * MINUTES_AN_HOUR + i, fields);
      if (table !== undefined) addSamples(fresh, table, MINUTE);
    }
    return fuller(rollupRow('minutes', at, device, fields), fresh);
  }

  function hour(device: number, at: number, fields?: Fields): Rollup {
    const pending = at >= rolled.hour || dirty.hours.has(key(at, device));
    return pending ? freshHour(device, at, fields) : rollupRow('minutes', at, device, fields);
  }

  function freshBlock(device: number, at: number, fields: Fields): Rollup {
    const fresh: Rollup = new Map();
    for (let i = 0; i < HOURS_A_BLOCK; i++)
      addBuckets(fresh, hour(device, at * HOURS_A_BLOCK + i, fields), QUARTER);
    return fuller(rollupRow('quarters', at, device, fields), fresh);
  }

  function block(device: number, at: number, fields?: Fields): Rollup {
    const pending = at >= rolled.block || dirty.blocks.has(key(at, device));
    return pending ? freshBlock(device, at, fields) : rollupRow('quarters', at, device, fields);
  }

  function rollHour(k: number): void {
    const rollup = freshHour(deviceOf(k), spanOf(k), undefined);
    if (rollup.size > 0) put.minutes.run(k, encodeTable(rollupTable(rollup)));
    dirty.dropHour.run(k);
  }

  function rollBlock(k: number): void {
    const rollup = freshBlock(deviceOf(k), spanOf(k), undefined);
    if (rollup.size > 0) put.quarters.run(k, encodeTable(rollupTable(rollup)));
    dirty.dropBlock.run(k);
  }

  function closed(span: number, width: number, now: number): boolean {
    return (span + 1) * width + ROLL_GRACE <= now;
  }

  function markLate(device: number, at: number, now: number, stored: boolean): void {
    const hours = Math.floor(at / MINUTES_AN_HOUR);
    if (!closed(hours, HOUR, now)) return;
    const hourKey = key(hours, device);
    if (!dirty.hours.has(hourKey)) dirty.hours.set(hourKey, now + DIRTY_WAIT);
    if (stored) dirty.putHour.run(hourKey);
    const blocks = Math.floor(hours / HOURS_A_BLOCK);
    if (!closed(blocks, BLOCK, now)) return;
    const blockKey = key(blocks, device);
    // After its hours.
    if (!dirty.blocks.has(blockKey)) dirty.blocks.set(blockKey, now + 2 * DIRTY_WAIT);
    if (stored) dirty.putBlock.run(blockKey);
  }

  /** A span that is over is walked device by device; then the mark moves past it. */
  function walkOn(kind: 'hour' | 'block', width: number): Step {
    const span = rolled[kind];
    walk ??= {
      kind,
      devices: [...devices()].filter(({ newest }) => newest * MINUTE >= span * width).map(({ id }) => id),
    };
    const { devices: left } = walk;
    const device = left.at(-1);
    if (device === undefined)
      return {
        work: () => setMark(`rolled_${kind}`, span + 1),
        done: () => {
          rolled[kind] = span + 1;
          walk = undefined;
        },
      };
    return kind === 'hour'
      ? rollOne(rollHour, key(span, device), () => left.pop())
      : rollOne(rollBlock, key(span, device), () => left.pop());
  }

  function rollOne(roll: (k: number) => void, k: number, after: () => void): Step {
    return {
      work: () => roll(k),
      done: () => {
        (roll === rollHour ? dirty.hours : dirty.blocks).delete(k);
        after();
      },
    };
  }

  function dueOf(marks: ReadonlyMap<number, number>, now: number): number | undefined {
    for (const [k, at] of marks) if (at <= now) return k;
    return undefined;
  }

  function due(now: number): Step | undefined {
    if (walk !== undefined) return walkOn(walk.kind, walk.kind === 'hour' ? HOUR : BLOCK);
    const hourKey = dueOf(dirty.hours, now);
    if (hourKey !== undefined) return rollOne(rollHour, hourKey, () => undefined);
    if (closed(rolled.hour, HOUR, now)) return walkOn('hour', HOUR);
    const blockKey = dueOf(dirty.blocks, now);
    if (blockKey !== undefined) return rollOne(rollBlock, blockKey, () => undefined);
    if (closed(rolled.block, BLOCK, now)) return walkOn('block', BLOCK);
    return undefined;
  }

  return {
    stored: (device, at) => row('raw', at, device),
    minute,
    hour,
    block,
    first(tier) {
      const k = numberOf(least[tier].get(), 'k');
      return k === undefined ? undefined : spanOf(k);
    },
    putMinute: (device, at, table) => void put.raw.run(key(at, device), encodeTable(table)),
    markLate,
    due,
    get rolledTo() {
      return {
        minutes: dirty.hours.size > 0 ? 0 : rolled.hour * HOUR,
        quarters: dirty.blocks.size > 0 || dirty.hours.size > 0 ? 0 : rolled.block * BLOCK,
      };
    },
    reload() {
      walk = undefined;
      rolled.hour = mark('rolled_hour', rolled.hour);
      rolled.block = mark('rolled_block', rolled.block);
      for (const k of loadDirty('dirty_hours').keys()) dirty.hours.set(k, 0);
      for (const k of loadDirty('dirty_blocks').keys()) dirty.blocks.set(k, 0);
    },
    forgetDevice(device) {
      for (const k of dirty.hours.keys()) if (deviceOf(k) === device) dirty.hours.delete(k);
      for (const k of dirty.blocks.keys()) if (deviceOf(k) === device) dirty.blocks.delete(k);
    },
  };
}
