/**
 * The way in: authenticate -> read -> journal -> fleet, alerts, live, and on to the history. A push is answered only
 * after the journal has it on disk [I1]; a push that is refused touches nothing.
 */
import { ApiError } from '#protocol/errors.ts';
import type { Push, PushForm, PushReply, Sample } from '#protocol/sample.ts';
import type { Collection } from '../state/collection.ts';
import type { DeviceRecord } from '../state/records.ts';
import type { AcceptedPush, Log } from '../types.ts';
import { checkTimes, shiftFor } from './clock-skew.ts';
import { withFacts, type PushFacts } from './device-facts.ts';
import { createIntervals } from './intervals.ts';
import { encodeEntry, orderSamples } from './journal-entry.ts';
import type { NewSamples } from './new-samples.ts';
import { createPushBudget } from './push-budget.ts';
import { createPushReader } from './push-reader.ts';

export interface IngestParts {
  /** The device of an Authorization header. @throws ApiError */
  readonly authenticate: (authorization: string) => string;
  readonly devices: Collection<DeviceRecord>;
  /** Resolves with the entry's position once it is on disk. */
  readonly append: (entry: { deviceId: string; arrived: number; payload: Uint8Array }) => Promise<number>;
  /** The history's feed: what was just committed, already parsed. */
  readonly committed: (position: number, batch: { deviceId: string; samples: readonly Sample[] }) => void;
  readonly newSamples: NewSamples;
  /** Who is told of every accepted push: fleet, alerts and live, in this order. */
  readonly accepted: readonly ((push: AcceptedPush) => void)[];
  /** The device's record changed: its row is to be shown anew. */
  readonly deviceChanged: (deviceId: string) => void;
  readonly watching: (deviceId: string) => boolean;
  /** Seconds between pushes that a device is asked for while nobody watches it. */
  readonly intervalS: number;
  /** Samples older than this are refused, milliseconds. */
  readonly keptMs: number;
  readonly now: () => number;
  readonly log: Log;
}

export interface Ingest {
  /** `body`: inflated bytes. @throws ApiError */
  push(authorization: string, body: Buffer): Promise<PushReply>;
  /** Pushes read since the start, by their form. */
  counts(): Readonly<Record<PushForm, number>>;
  forget(deviceId: string): void;
}

/** Seconds between the samples in a push. */
const SAMPLE_S = 1;
/** Seconds between pushes while somebody watches the device. */
const WATCHED_INTERVAL_S = 1;

export function createIngest(parts: IngestParts): Ingest {
  const { authenticate, devices, append, committed, newSamples, accepted, watching, now, log } = parts;
  const budget = createPushBudget();
  const reader = createPushReader();
  const intervals = createIntervals({ defaultIntervalS: parts.intervalS, watching });

  async function journal(
    deviceId: string,
    arrived: number,
    payload: Uint8Array,
    samples: readonly Sample[],
  ): Promise<void> {
    try {
      committed(await append({ deviceId, arrived, payload }), { deviceId, samples });
    } catch (error) {
      log.error({ err: error, deviceId }, 'a push could not be stored');
      throw new ApiError('not_stored', { retryAfterS: 2 });
    }
  }

  /** Stores a push; resolves with the samples of it that were new, once they are on disk. */
  function store(
    deviceId: string,
    arrived: number,
    payload: Buffer,
    samples: readonly Sample[],
  ): Promise<readonly Sample[]> {
    if (newSamples.allNewer(deviceId, samples)) {
      const storing = journal(deviceId, arrived, payload, samples).then(() => samples);
      newSamples.storing(deviceId, storing);
      return storing;
    }
    return newSamples.inTurn(deviceId, async () => {
      const fresh = await newSamples.lookUp(deviceId, samples);
      if (fresh.length > 0) await journal(deviceId, arrived, payload, fresh);
      return fresh;
    });
  }

  function updateRecord(record: DeviceRecord, facts: PushFacts): void {
    const changed = withFacts(record, facts);
    if (changed === record) return;
    devices.put(changed).catch((error: unknown) => log.error({ err: error }, 'a device could not be saved'));
    parts.deviceChanged(record.id);
  }

  function tellAll(push: AcceptedPush): void {
    for (const tell of accepted) {
      try {
        tell(push);
      } catch (error) {
        // The samples are safe; one part's fault must not refuse them or keep them from the others.
        log.error({ err: error, deviceId: push.deviceId }, 'a part failed on a push');
      }
    }
  }

  /** What follows from a push that is on disk. `fresh`: its samples that were new. */
  function follow(push: Push, fresh: readonly Sample[], arrived: number, shiftMs: number): void {
    const deviceId = push.device_id;
    const record = devices.get(deviceId);
    // It may have been removed while the disk wrote.
    if (record === undefined) return;
    const { usualS, dueS } = intervals.seen(deviceId, arrived, push.interval_s, record.interval_s);
    // [I2] What a resend says was dropped is counted already.
    const dropped = fresh.length > 0 ? (push.dropped ?? 0) : 0;
    updateRecord(record, { ...push, dropped, usualIntervalS: usualS, shiftMs });
    const sentAt = shiftMs === 0 ? push.sent_at : arrived;
    tellAll({ deviceId, samples: fresh, arrived, intervalS: dueS, sentAt });
  }

  return {
    async push(authorization, body) {
      const deviceId = authenticate(authorization);
      const arrived = now();
      budget.spend(deviceId, arrived);
      const push = reader.read(deviceId, body);
      if (push.device_id !== deviceId) throw new ApiError('other_device');
      const record = devices.get(deviceId);
      if (!record) throw new ApiError('invalid_token');
      const shiftMs = shiftFor(push.sent_at, arrived, record.clock_skew_ms);
      checkTimes(push, shiftMs, arrived, parts.keptMs);

      const samples = orderSamples(push.samples, shiftMs);
      const fresh = await store(deviceId, arrived, encodeEntry(shiftMs, body), samples);
      follow(push, fresh, arrived, shiftMs);
      return {
        accepted: fresh.length,
        duplicates: push.samples.length - fresh.length,
        interval_s: watching(deviceId) ? WATCHED_INTERVAL_S : parts.intervalS,
        sample_s: SAMPLE_S,
      };
    },
    counts: reader.counts,
    forget(deviceId) {
      budget.forget(deviceId);
      reader.forget(deviceId);
      intervals.forget(deviceId);
      newSamples.forget(deviceId);
    },
  };
}
