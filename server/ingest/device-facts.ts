/** What a push says of its device beside the samples → the device's record, when that changed. */
import { isDeepStrictEqual } from 'node:util';
import type { Push } from '#protocol/sample.ts';
import type { DeviceRecord } from '../state/records.ts';

export interface PushFacts extends Pick<Push, 'hostname' | 'ip' | 'inventory'> {
  /** Samples lost on the agent that no push of before told of. */
  readonly dropped: number;
  /** Seconds between its pushes while nobody watches. */
  readonly usualIntervalS: number;
  /** How far the push's samples were shifted, milliseconds. */
  readonly shiftMs: number;
}

/** The record with the push's facts; the same object when nothing changed. */
export function withFacts(record: DeviceRecord, facts: PushFacts): DeviceRecord {
  const { hostname, ip, inventory = record.inventory, dropped, usualIntervalS, shiftMs } = facts;
  // Exactly the shift that was used: a resend is shifted by what stands here, and must get the same times.
  const skew = shiftMs === 0 ? null : shiftMs;
  const same =
    hostname === record.hostname &&
    ip === record.ip &&
    dropped === 0 &&
    skew === record.clock_skew_ms &&
    usualIntervalS === record.interval_s &&
    (inventory === record.inventory || isDeepStrictEqual(inventory, record.inventory));
  if (same) return record;
  return {
    ...record,
    hostname,
    ip,
    inventory,
    interval_s: usualIntervalS,
    clock_skew_ms: skew,
    dropped: record.dropped + dropped,
  };
}
