/**
 * The way in: authenticate -> journal -> fleet -> alerts -> live, and on to the history. A push is answered only
 * after the journal has it on disk [I1]; a push that is refused touches nothing.
 */
import type { Push, PushReply, Sample } from '#protocol/sample.ts';
import { ApiError } from '#protocol/errors.ts';
import type { Log } from '../types.ts';
import type { Collection } from '../state/collection.ts';
import type { DeviceRecord } from '../state/records.ts';
import { checkTimes, shiftFor } from './clock-skew.ts';
import { withFacts } from './device-facts.ts';
import { encodeEntry, orderSamples } from './entry.ts';
import type { NewSamples } from './new-samples.ts';
import { createPushBudget } from './push-budget.ts';
import { createPushIntervals } from './push-interval.ts';
import { createPushReader } from './push-reader.ts';

/** A push that the journal holds, as everything behind hears of it. */
export interface JournaledPush {
  readonly deviceId: string;
  /** New ones only, ascending; empty when all were duplicates. */
  readonly samples: readonly Sample[];
  readonly arrived: number;
  readonly intervalS: number;
  /** When it was sent, by the clock its samples' times are of. */
  readonly sentAt: number | undefined;
}

export interface IngestParts {
  readonly authenticate: (authorization: string) => string;
  readonly devices: Collection<DeviceRecord>;
  readonly append: (entry: { deviceId: string; arrived: number; payload: Uint8Array }) => Promise<number>;
  /** The history's feed: what was just committed, already parsed. */
  readonly committed: (position: number, batch: { deviceId: string; samples: readonly Sample[] }) => void;
  readonly newSamples: NewSamples;
  /** Fleet, alerts and live, in this order. */
  readonly accepted: readonly ((push: JournaledPush) => void)[];
  /** The device's record changed: its row is to be shown anew. */
  readonly deviceChanged: (deviceId: string) => void;
  readonly watching: (deviceId: string) => boolean;
  readonly intervalS: number;
  /** Samples older than this are refused. */
  readonly keptMs: number;
  readonly now: () => number;
  readonly log: Log;
}

export interface Ingest {
  /** `body`: inflated bytes. @throws ApiError */
  push(authorization: string, body: Buffer): Promise<PushReply>;
  forget(deviceId: string): void;
}

const SAMPLE_S = 1;
/** While somebody watches. */
const WATCHED_INTERVAL_S = 1;

export function createIngest(parts: IngestParts): Ingest {
  const { authenticate, devices, append, committed, newSamples, accepted, watching, now, log } = parts;
  const budget = createPushBudget();
  const reader = createPushReader();
  const intervals = createPushIntervals(parts.intervalS);

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

  function updateRecord(record: DeviceRecord, push: Push, intervalS: number, shiftMs: number): void {
    const changed = withFacts(record, push, intervalS, shiftMs);
    if (changed === record) return;
    devices.put(changed).catch((error: unknown) => log.error({ err: error }, 'a device could not be saved'));
    parts.deviceChanged(record.id);
  }

  function hand(push: JournaledPush): void {
    for (const tell of accepted) {
      try {
        tell(push);
      } catch (error) {
        // The samples are safe; one part's fault must not refuse them or keep them from the others.
        log.error({ err: error, deviceId: push.deviceId }, 'a part failed on a push');
      }
    }
  }

  function parse(deviceId: string, body: Buffer): Push {
    const push = reader.read(deviceId, body);
    if (push.device_id !== deviceId) throw new ApiError('other_device');
    return push;
  }

  /** The samples that were new, once all of the push is on disk. */
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

  return {
    async push(authorization, body) {
      const deviceId = authenticate(authorization);
      const arrived = now();
      budget.spend(deviceId, arrived);
      const push = parse(deviceId, body);
      const record = devices.get(deviceId);
      if (!record) throw new ApiError('invalid_token');
      const shiftMs = shiftFor(push.sent_at, arrived, record.clock_skew_ms);
      checkTimes(push.samples, shiftMs, arrived, parts.keptMs);

      const samples = orderSamples(push.samples, shiftMs);
      const fresh = await store(deviceId, arrived, encodeEntry(shiftMs, body), samples);

      const intervalS = intervals.seen(deviceId, arrived, push.interval_s);
      // It may have been removed while the disk wrote.
      const still = devices.get(deviceId);
      if (still) {
        // [I2] What a resend says was dropped is counted already.
        const facts = fresh.length > 0 ? push : { ...push, dropped: 0 };
        updateRecord(still, facts, intervalS, shiftMs);
        hand({
          deviceId,
          samples: fresh,
          arrived,
          intervalS,
          sentAt: shiftMs === 0 ? push.sent_at : arrived,
        });
      }
      return {
        accepted: fresh.length,
        duplicates: push.samples.length - fresh.length,
        interval_s: watching(deviceId) ? WATCHED_INTERVAL_S : parts.intervalS,
        sample_s: SAMPLE_S,
      };
    },
    forget(deviceId) {
      budget.forget(deviceId);
      reader.forget(deviceId);
      intervals.forget(deviceId);
      newSamples.forget(deviceId);
    },
  };
}
