/** Remembers which quarters of an hour got samples after they were rolled up, and must be rolled up again. */
import { DAY } from '#protocol/span.ts';
import { QUARTER, type Position } from '../server/history/history.ts';
import type { Span } from './roll.ts';

/** A quarter of an hour of a device that has late samples. */
export interface LateQuarter {
  readonly deviceId: string;
  /** Its start, epoch milliseconds. */
  readonly quarter: number;
  /** Whether its late samples are in the pages in memory, and not in InfluxDB. */
  readonly paged: boolean;
  /**
   * The journal must be kept from here on until these samples are rolled up, so that a crash does not lose
   * them.
   */
  readonly journalFrom: Position;
  /** When it is to be rolled up, epoch milliseconds. */
  readonly dueAt: number;
}

export interface LateQuarters {
  /** Adds a quarter that waits to be rolled up; one that waits already keeps its position and time. */
  add(entry: LateQuarter): void;
  /**
   * Takes the chosen quarters for rolling up. The caller MUST pass them to `finish` or `putBack` afterwards.
   */
  start(chosen: (entry: LateQuarter) => boolean): readonly LateQuarter[];
  finish(entries: readonly LateQuarter[]): void;
  putBack(entries: readonly LateQuarter[]): void;
  /** Whether this quarter waits with samples in the pages. */
  waitsPaged(deviceId: string, quarter: number): boolean;
  forgetDevice(deviceId: string): void;
  /** Whether a quarter of the device (of any device where undefined) waits or is being rolled up. */
  hasAny(deviceId: string | undefined): boolean;
  /** The least position that the journal must be kept from; undefined where no quarter is late. */
  journalFrom(): Position | undefined;
  /** Number of quarters that wait. */
  readonly size: number;
}

const key = ({ deviceId, quarter, paged }: Pick<LateQuarter, 'deviceId' | 'quarter' | 'paged'>) =>
  `${quarter} ${paged ? 'p' : 's'} ${deviceId}`;

export function createLateQuarters(): LateQuarters {
  /** The one with the least `journalFrom` comes first. */
  let waiting = new Map<string, LateQuarter>();
  const inProgress = new Set<LateQuarter>();
  return {
    add(entry) {
      const k = key(entry);
      if (!waiting.has(k)) waiting.set(k, entry);
    },
    start(chosen) {
      const entries = [...waiting.values()].filter(chosen);
      for (const entry of entries) {
        waiting.delete(key(entry));
        inProgress.add(entry);
      }
      return entries;
    },
    finish(entries) {
      for (const entry of entries) inProgress.delete(entry);
    },
    putBack(entries) {
      for (const entry of entries) inProgress.delete(entry);
      const all = [...entries, ...waiting.values()].sort((a, b) => a.journalFrom - b.journalFrom);
      waiting = new Map();
      for (const entry of all) this.add(entry);
    },
    waitsPaged: (deviceId, quarter) => waiting.has(key({ deviceId, quarter, paged: true })),
    forgetDevice(deviceId) {
      for (const [k, entry] of waiting) if (entry.deviceId === deviceId) waiting.delete(k);
    },
    hasAny(deviceId) {
      if (deviceId === undefined) return waiting.size + inProgress.size > 0;
      for (const entry of waiting.values()) if (entry.deviceId === deviceId) return true;
      for (const entry of inProgress) if (entry.deviceId === deviceId) return true;
      return false;
    },
    journalFrom() {
      let least: Position | undefined;
      for (const { journalFrom } of inProgress) least = Math.min(journalFrom, least ?? journalFrom);
      for (const { journalFrom } of waiting.values()) return Math.min(journalFrom, least ?? journalFrom);
      return least;
    },
    get size() {
      return waiting.size;
    },
  };
}

/** Beyond this number of devices, rolling up all devices costs less than naming them in the query. */
const MAX_LISTED_DEVICES = 50;

/**
 * The spans that cover these quarters. Neighbouring quarters with the same devices become one span of at most
 * a day.
 */
export function spansOf(entries: readonly LateQuarter[]): Span[] {
  const byQuarter = new Map<number, string[]>();
  for (const { quarter, deviceId } of entries) {
    const names = byQuarter.get(quarter);
    if (names === undefined) byQuarter.set(quarter, [deviceId]);
    else names.push(deviceId);
  }
  const spans: Span[] = [];
  for (const [from, names] of [...byQuarter].sort(([a], [b]) => a - b)) {
    const devices = names.length > MAX_LISTED_DEVICES ? undefined : names.toSorted();
    const last = spans.at(-1);
    const extendsLast =
      last?.to === from && from - last.from < DAY && last.devices?.join('\n') === devices?.join('\n');
    const span = { from: extendsLast ? last.from : from, to: from + QUARTER, ...(devices && { devices }) };
    if (extendsLast) spans.pop();
    spans.push(span);
  }
  return spans;
}

/**
 * Groups these quarters by device, ascending, with at most a day of them in one group: the device and the
 * quarters.
 */
export function daysOf(entries: readonly LateQuarter[]): [string, number[]][] {
  const groups: [string, number[]][] = [];
  const sorted = entries.toSorted((a, b) =>
    a.deviceId === b.deviceId ? a.quarter - b.quarter : a.deviceId < b.deviceId ? -1 : 1,
  );
  for (const { deviceId, quarter } of sorted) {
    const [device, quarters] = groups.at(-1) ?? [];
    if (device === deviceId && quarters !== undefined && quarter - (quarters[0] ?? 0) < DAY)
      quarters.push(quarter);
    else groups.push([deviceId, [quarter]]);
  }
  return groups;
}
