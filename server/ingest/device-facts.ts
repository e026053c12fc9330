/** What a push says of its device beside the samples → the device's record, when that changed. */
import { isDeepStrictEqual } from 'node:util';
import type { Push } from '#protocol/sample.ts';
import type { DeviceRecord } from '../store/records.ts';

/** Skews closer than this are the same clock. */
const SAME_SKEW_MS = 60_000;

function skewOf(record: DeviceRecord, shiftMs: number): number | null {
  if (shiftMs === 0) return null;
  const before = record.clock_skew_ms;
  return before !== null && Math.abs(before - shiftMs) < SAME_SKEW_MS ? before : shiftMs;
}

/** The record with the push's facts; the same object when nothing changed. */
export function withFacts(
  record: DeviceRecord,
  push: Push,
  intervalS: number,
  shiftMs: number,
): DeviceRecord {
  const skew = skewOf(record, shiftMs);
  const { hostname, ip, inventory = record.inventory, dropped = 0 } = push;
  // Watching makes the interval short for a while; only the usual one is worth writing.
  const interval = Math.max(record.interval_s, intervalS);
  const same =
    hostname === record.hostname &&
    ip === record.ip &&
    dropped === 0 &&
    skew === record.clock_skew_ms &&
    interval === record.interval_s &&
    (inventory === record.inventory || isDeepStrictEqual(inventory, record.inventory));
  if (same) return record;
  return {
    ...record,
    hostname,
    ip,
    inventory,
    interval_s: interval,
    clock_skew_ms: skew,
    dropped: record.dropped + dropped,
  };
}
