/** What was rolled up before all of its samples had come: a quarter of an hour of a device each. */
import type { Position } from '../server/history/history.ts';
import { HOUR, QUARTER } from '../server/history/history.ts';
import { type Span } from './roll.ts';

export interface Entry {
  readonly deviceId: string;
  readonly quarter: number;
  /** Its samples are in the pages, not in InfluxDB. */
  readonly paged: boolean;
  /** Where the journal must begin for its samples to come again, should they not be rolled up. */
  readonly since: Position;
  readonly due: number;
}

export interface Late {
  mark(entry: Entry): void;
  /** These are being rolled up. Hand them to `done` or `back`. */
  take(chosen: (entry: Entry) => boolean): readonly Entry[];
  done(entries: readonly Entry[]): void;
  back(entries: readonly Entry[]): void;
  has(deviceId: string, quarter: number): boolean;
  forget(deviceId: string): void;
  /** Whether something of the device, or of any, waits or is under way. */
  concerns(deviceId: string | undefined): boolean;
  /** The least of them; undefined where nothing is late. */
  since(): Position | undefined;
  readonly size: number;
}

const key = ({ deviceId, quarter, paged }: Pick<Entry, 'deviceId' | 'quarter' | 'paged'>) =>
  `${quarter} ${paged ? 'p' : 's'} ${deviceId}`;

export function createLate(): Late {
  /** In the order of `since`. */
  let waiting = new Map<string, Entry>();
  const taken = new Set<Entry>();
  return {
    mark(entry) {
      const k = key(entry);
      if (!waiting.has(k)) waiting.set(k, entry);
    },
    take(chosen) {
      const entries = [...waiting.values()].filter(chosen);
      for (const entry of entries) {
        waiting.delete(key(entry));
        taken.add(entry);
      }
      return entries;
    },
    done(entries) {
      for (const entry of entries) taken.delete(entry);
    },
    back(entries) {
      for (const entry of entries) taken.delete(entry);
      const all = [...entries, ...waiting.values()].sort((a, b) => a.since - b.since);
      waiting = new Map();
      for (const entry of all) this.mark(entry);
    },
    has: (deviceId, quarter) => waiting.has(key({ deviceId, quarter, paged: true })),
    forget(deviceId) {
      for (const [k, entry] of waiting) if (entry.deviceId === deviceId) waiting.delete(k);
    },
    concerns(deviceId) {
      if (deviceId === undefined) return waiting.size + taken.size > 0;
      for (const entry of waiting.values()) if (entry.deviceId === deviceId) return true;
      for (const entry of taken) if (entry.deviceId === deviceId) return true;
      return false;
    },
    since() {
      let least: Position | undefined;
      for (const { since } of taken) least = Math.min(since, least ?? since);
      for (const { since } of waiting.values()) return Math.min(since, least ?? since);
      return least;
    },
    get size() {
      return waiting.size;
    },
  };
}

/** Beyond this, all devices at once cost less than a list of them. */
const LISTED_DEVICES = 50;
const DAY = 24 * HOUR;

/** As few spans as cover the entries: neighbours with the same devices are one. */
export function spansOf(entries: readonly Entry[]): Span[] {
  const byQuarter = new Map<number, string[]>();
  for (const { quarter, deviceId } of entries) {
    const names = byQuarter.get(quarter);
    if (names === undefined) byQuarter.set(quarter, [deviceId]);
    else names.push(deviceId);
  }
  const spans: Span[] = [];
  for (const [from, names] of [...byQuarter].sort(([a], [b]) => a - b)) {
    const devices = names.length > LISTED_DEVICES ? undefined : names.toSorted();
    const last = spans.at(-1);
    const joins =
      last?.to === from && from - last.from < DAY && last.devices?.join('\n') === devices?.join('\n');
    const span = { from: joins ? last.from : from, to: from + QUARTER, ...(devices && { devices }) };
    if (joins) spans.pop();
    spans.push(span);
  }
  return spans;
}

/** The quarters of each device, a day of them at most in one. */
export function daysOf(entries: readonly Entry[]): [string, number[]][] {
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
