/**
 * Takes pushes in: authenticates the device, reads the body, writes the samples to the journal, tells fleet,
 * alerts and live, and feeds the history. A push is answered only after the journal has its samples on disk
 * [I1]; a push that is refused changes nothing.
 */
import type { Declarations } from '#protocol/declarations.ts';
import { ApiError } from '#protocol/errors.ts';
import type { Ignored, LeftOut } from '#protocol/ignored.ts';
import type { ProcessReport } from '#protocol/processes.ts';
import type { Push, PushForm, PushReply, Sample } from '#protocol/sample.ts';
import type { Collection } from '../state/collection.ts';
import type { DeviceRecord } from '../state/records.ts';
import type { AcceptedPush, Log } from '../types.ts';
import { reportsInTime, samplesInTime, shiftFor } from './clock-skew.ts';
import type { CurrentSamples } from './current-samples.ts';
import { withFacts, type PushFacts } from './device-facts.ts';
import { createIntervals } from './intervals.ts';
import { encodeEntry, encodeTaken, orderSamples } from './journal-entry.ts';
import { otherOrigin, type Conflict, type Noted, type SharedIdentity } from './shared-identity.ts';
import type { NewSamples } from './new-samples.ts';
import { createOwnFields, type OwnFields } from './own-fields.ts';
import { createPushBudget } from './push-budget.ts';
import { createPushReader } from './push-reader.ts';

export interface IngestParts {
  /** Returns the id of the device that an Authorization header belongs to. @throws ApiError */
  readonly authenticate: (authorization: string) => string;
  readonly devices: Collection<DeviceRecord>;
  /** Why samples cannot be stored now; undefined while they can. */
  readonly whyRefused: () => string | undefined;
  /** Writes an entry to the journal; resolves with its position once it is on disk. `arrived`: epoch ms. */
  readonly append: (entry: { deviceId: string; arrived: number; payload: Uint8Array }) => Promise<number>;
  /** Gives the history the samples that the journal has just stored at `position`. */
  readonly onCommitted: (
    position: number,
    batch: { deviceId: string; samples: readonly Sample[]; processes: readonly ProcessReport[] },
  ) => void;
  readonly newSamples: NewSamples;
  /** The names of the fields that the history has of a device. */
  readonly storedFields: (deviceId: string) => Promise<readonly string[]>;
  readonly currentSamples: CurrentSamples;
  /** What the server itself knows of a device as numbers; undefined where that is nothing. */
  readonly ownFields: (deviceId: string) => OwnFields | undefined;
  /** Called with every accepted push, in this order. */
  readonly onAccepted: readonly ((push: AcceptedPush) => void)[];
  /** Called when a push changed its device's record, so that pages show the device anew. */
  readonly onDeviceChanged: (deviceId: string) => void;
  readonly sharedIdentity: SharedIdentity;
  /** Called when other agents push as the device than before, and with undefined when one is left. */
  readonly onConflict: (deviceId: string, conflict: Conflict | undefined) => void;
  /** [F4] The key with which the agent of this push is to join as a new device; undefined for nearly every push. */
  readonly separationKey: (push: Push) => Promise<string | undefined> | undefined;
  /** The version that the device is to upgrade itself to now; undefined where it is not its turn. */
  readonly upgradeOf: (deviceId: string) => { readonly version: string } | undefined;
  /** The version of the device's list of probes; undefined where it has none. */
  readonly probesOf: (deviceId: string) => string | undefined;
  /** Notes what a push declares of its fields; returns whether the device is to be asked for its declarations. */
  readonly noteDeclared: (push: {
    readonly deviceId: string;
    readonly declared: string | undefined;
    readonly declarations: Declarations | undefined;
  }) => boolean;
  /** Whether somebody has the device's page open. */
  readonly isWatched: (deviceId: string) => boolean;
  /** Seconds between pushes that a device is asked for while nobody watches it. */
  readonly intervalS: number;
  /** Samples older than this are left out, milliseconds. */
  readonly keptMs: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Log;
}

export interface Ingest {
  /**
   * [S5] Returns the id of the device that an Authorization header belongs to, and counts a push against its budget:
   * before the body is read. @throws ApiError when the device may not push now
   */
  admit(authorization: string): string;
  /** Stores one push of a device. `body`: the inflated bytes. Rejects with an ApiError when it is refused. */
  push(deviceId: string, body: Buffer): Promise<PushReply>;
  /** Pushes read since the server's start, by their form. */
  counts(): Readonly<Record<PushForm, number>>;
  /** [F4] An agent pushes as the device no more: it is a device of its own. */
  agentLeft(deviceId: string, origin: string): void;
  /** Drops what is remembered about a removed device. */
  forget(deviceId: string): void;
}

/** Seconds between the samples in a push. */
const SAMPLE_S = 1;
/** Seconds between pushes while somebody watches the device. */
const WATCHED_INTERVAL_S = 1;

/** [I8] The most samples of one device within one second that are kept. */
const SAMPLES_PER_SECOND = 10;

/** The samples, in ascending time, without those past the bound within one second, which are noted. */
function boundPerSecond(samples: readonly Sample[], leftOut: LeftOut): readonly Sample[] {
  if (samples.length <= SAMPLES_PER_SECOND) return samples;
  const kept: Sample[] = [];
  for (const sample of samples) {
    const earlier = kept.at(-SAMPLES_PER_SECOND);
    if (earlier === undefined || sample.t - earlier.t >= 1000) kept.push(sample);
    else
      leftOut.addSample(
        [new Date(sample.t).toISOString()],
        `is past the ${SAMPLES_PER_SECOND} samples that are kept of one second`,
      );
  }
  return kept.length === samples.length ? samples : kept;
}

/** A push whose samples are to be stored. */
interface TakenPush {
  readonly push: Push;
  /** Epoch milliseconds. */
  readonly arrived: number;
  /** How far its samples were shifted, milliseconds. */
  readonly shiftMs: number;
  /** In their final times. */
  readonly processes: readonly ProcessReport[];
  readonly ignored: Ignored | undefined;
  readonly noted: Noted;
}

/** A push as the journal and the history take it. */
interface Entry {
  readonly arrived: number;
  readonly payload: Buffer;
  readonly processes: readonly ProcessReport[];
}

export function createIngest(parts: IngestParts): Ingest {
  const { authenticate, devices, append, newSamples, currentSamples, isWatched, now, log } = parts;
  const { sharedIdentity } = parts;
  const budget = createPushBudget(now);
  const reader = createPushReader({
    storedFields: parts.storedFields,
    onLookUpFailed: (error) => log.debug({ err: error }, 'the fields of a device could not be looked up'),
    now,
  });
  const intervals = createIntervals({ defaultIntervalS: parts.intervalS, isWatched });
  const ownFields = createOwnFields();
  /** By device that two agents or more push as: who they are. */
  const shared = new Map<string, string>();
  /** By device: what was left out of its last push with something invalid, as JSON. */
  const lastIgnored = new Map<string, string>();

  async function writeToJournal(
    deviceId: string,
    { arrived, payload, processes }: Entry,
    samples: readonly Sample[],
  ): Promise<void> {
    try {
      parts.onCommitted(await append({ deviceId, arrived, payload }), { deviceId, samples, processes });
    } catch (error) {
      // The journal says itself why it cannot be written, once and not with every push.
      log.debug({ err: error, deviceId }, 'a push could not be stored');
      throw new ApiError('not_stored', { retryAfterS: 2 });
    }
  }

  /** Stores a push; resolves with those of its samples that were new, once they are on disk. */
  function store(deviceId: string, entry: Entry, samples: readonly Sample[]): Promise<readonly Sample[]> {
    if (newSamples.claimIfAllNewer(deviceId, samples)) {
      const write = writeToJournal(deviceId, entry, samples).then(() => samples);
      newSamples.trackWrite(deviceId, write);
      return write;
    }
    return newSamples.runInTurn(deviceId, async () => {
      const fresh = await newSamples.lookUpNew(deviceId, samples);
      if (fresh.length > 0) await writeToJournal(deviceId, entry, fresh);
      return fresh;
    });
  }

  /** Saves the record with the push's facts; returns whether pages have to show the device anew for them. */
  function updateRecord(record: DeviceRecord, facts: PushFacts): boolean {
    const changed = withFacts(record, facts);
    if (changed === record) return false;
    devices.putSoon(changed);
    return true;
  }

  /** [I7] Whether other parts are left out of this push than of the device's last one that had any. */
  function isNewlyIgnored(deviceId: string, ignored: Ignored | undefined): boolean {
    if (ignored === undefined) return false;
    const text = JSON.stringify(ignored);
    if (lastIgnored.get(deviceId) === text) return false;
    lastIgnored.set(deviceId, text);
    return true;
  }

  /** [F4] Tells which agents push as the device, where they are several; returns whether that is new. */
  function noteConflict(deviceId: string, conflict: Conflict | undefined): boolean {
    const who = conflict?.origins.map(({ id, ip }) => `${id} ${ip}`).toSorted();
    if (shared.get(deviceId) === who?.join()) return false;
    if (who === undefined) shared.delete(deviceId);
    else shared.set(deviceId, who.join());
    parts.onConflict(deviceId, conflict);
    return true;
  }

  function notifyParts(push: AcceptedPush): void {
    for (const notify of parts.onAccepted) {
      try {
        notify(push);
      } catch (error) {
        // The samples are on disk: an error in one part must not refuse them, nor keep them from the others.
        log.error({ err: error, deviceId: push.deviceId }, 'a part failed on a push');
      }
    }
  }

  /**
   * Notifies the parts of a push that is on disk, and updates the device's record. `fresh`: its new samples.
   */
  function afterStored(taken: TakenPush, fresh: readonly Sample[]): void {
    const { push, arrived, shiftMs, ignored } = taken;
    const { conflict, isSettled } = taken.noted;
    // A resend brings the same reports again.
    const processes = fresh.length > 0 ? taken.processes : [];
    const deviceId = push.device_id;
    const record = devices.get(deviceId);
    if (record === undefined) return;
    const {
      usualS,
      nextPushS,
      isNew: isIntervalNew,
    } = intervals.notePush(deviceId, arrived, push.interval_s, record.interval_s);
    // [I2] A resend reports the same dropped samples again; they are counted once.
    const dropped = fresh.length > 0 ? (push.dropped ?? 0) : 0;
    const sentAt = push.sent_at === undefined ? undefined : push.sent_at + shiftMs;
    const current = currentSamples.take({ deviceId, samples: fresh, sentAt, arrived });
    const { inventory } = push;
    const facts = { intervalS: nextPushS, ignored, isShared: conflict !== undefined, inventory };
    notifyParts({ deviceId, samples: fresh, processes, ...current, arrived, ...facts });
    // While two agents push, the names of the device do not change with each push: the first one has them.
    const { hostname, ip } = isSettled ? push : (conflict?.origins[0] ?? record);
    const pushFacts = { ...push, hostname, ip, dropped, usualIntervalS: usualS, shiftMs };
    const isRecordChanged = updateRecord(record, pushFacts);
    const isConflictNew = noteConflict(deviceId, conflict);
    const isIgnoredNew = isNewlyIgnored(deviceId, ignored);
    // After the parts: what pages are shown of a changed device includes what the fleet now knows of it.
    if (isIntervalNew || isRecordChanged || isConflictNew || isIgnoredNew) parts.onDeviceChanged(deviceId);
  }

  return {
    admit(authorization) {
      const deviceId = authenticate(authorization);
      budget.spend(deviceId);
      const refused = parts.whyRefused();
      if (refused !== undefined) throw new ApiError('not_stored', { message: refused, retryAfterS: 2 });
      return deviceId;
    },
    async push(deviceId, body) {
      const arrived = now();
      const record = devices.get(deviceId);
      // While the body arrived, the device may have been removed or its token revoked. Nothing is remembered of it then.
      if (!record || record.token_hash === null) throw new ApiError('invalid_token');
      budget.spendBytes(deviceId, body.length);
      let push = reader.read(deviceId, body);
      const learning = reader.learning(deviceId);
      if (learning !== undefined) {
        await learning;
        if ((devices.get(deviceId)?.token_hash ?? null) === null) throw new ApiError('invalid_token');
        push = reader.read(deviceId, body);
      }
      if (push.device_id !== deviceId) throw new ApiError('other_device');
      const shiftMs = shiftFor(push.sent_at, arrived, record.clock_skew_ms);
      const inTime = samplesInTime(push, shiftMs, arrived, parts.keptMs);
      const ordered = orderSamples(inTime, shiftMs);
      const bounded = boundPerSecond(ordered, push.leftOut);
      const own = parts.ownFields(deviceId);
      const samples = own === undefined ? bounded : ownFields.write(bounded, own);
      const processes = reportsInTime(push, shiftMs, arrived, parts.keptMs);
      const ignored = push.leftOut.summary();
      const payload =
        ignored === undefined && samples === bounded
          ? encodeEntry(shiftMs, body)
          : encodeTaken(deviceId, samples, processes);
      const fresh = await store(deviceId, { arrived, payload, processes }, samples);
      const isAsked = parts.noteDeclared({
        deviceId,
        declared: push.declared,
        declarations: push.declarations,
      });
      // The device may have been removed while its push was being written.
      const noted = devices.get(deviceId) ? sharedIdentity.note(push, arrived) : undefined;
      if (noted !== undefined) afterStored({ push, arrived, shiftMs, processes, ignored, noted }, fresh);
      const conflict = noted?.conflict;
      const upgrade = parts.upgradeOf(deviceId);
      const probes = parts.probesOf(deviceId);
      const separation = await parts.separationKey(push);
      return {
        accepted: fresh.length,
        duplicates: inTime.length - (ordered.length - samples.length) - fresh.length,
        interval_s: isWatched(deviceId) ? WATCHED_INTERVAL_S : parts.intervalS,
        sample_s: SAMPLE_S,
        ...(ignored !== undefined && { ignored }),
        ...(conflict !== undefined && { other_agent: otherOrigin(conflict, push) }),
        ...(separation !== undefined && { separate: { enrollment_key: separation } }),
        ...(isAsked && { declare: true }),
        ...(upgrade !== undefined && { upgrade }),
        ...(probes !== undefined && { probes }),
      };
    },
    counts: reader.counts,
    agentLeft(deviceId, origin) {
      if (noteConflict(deviceId, sharedIdentity.left(deviceId, origin))) parts.onDeviceChanged(deviceId);
    },
    forget(deviceId) {
      budget.forget(deviceId);
      reader.forget(deviceId);
      intervals.forget(deviceId);
      newSamples.forget(deviceId);
      currentSamples.forget(deviceId);
      sharedIdentity.forget(deviceId);
      noteConflict(deviceId, undefined);
      lastIgnored.delete(deviceId);
    },
  };
}
