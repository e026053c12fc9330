/** What a push says of its device beside the samples → the device's record, when that changed. */
import { isDeepStrictEqual } from 'node:util';
import type { Push } from '#protocol/sample.ts';
import type { DeviceRecord } from '../state/records.ts';

/** The record with the push's facts; the same object when nothing changed. */
export function withFacts(
  record: DeviceRecord,
  push: Push,
  intervalS: number,
  shiftMs: number,
): DeviceRecord {
  // The very shift that was used: a resend is shifted by what stands here, and must get the same times.
  const skew = shiftMs === 0 ? null : shiftMs;
  const { hostname, ip, inventory = record.inventory, dropped = 0 } = push;
  // Watching makes the interval short for a while; that the usual one was lowered takes more than one push to tell.
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
