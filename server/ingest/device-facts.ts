/** What a push tells about its device, apart from samples: host name, address, inventory, interval, clock. */
import { isDeepStrictEqual } from 'node:util';
import type { Push } from '#protocol/sample.ts';
import type { DeviceRecord } from '../state/records.ts';

export interface PushFacts extends Pick<Push, 'hostname' | 'ip' | 'inventory'> {
  /** Samples the agent lost that no earlier push reported. */
  readonly dropped: number;
  /** Seconds between the device's pushes while nobody watches it. */
  readonly usualIntervalS: number;
  /** How far the push's samples were shifted, milliseconds. */
  readonly shiftMs: number;
}

/** The record updated with the push's facts; the same object when nothing changed. */
export function withFacts(record: DeviceRecord, facts: PushFacts): DeviceRecord {
  const { hostname, ip, inventory = record.inventory, dropped, usualIntervalS, shiftMs } = facts;
  // Stored without rounding: the shift of a resend is read from here and must give the same sample times.
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
