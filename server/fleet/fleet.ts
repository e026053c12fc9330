/**
 * The newest sample and the online status of each device. In memory, as every push and every page reads it.
 */
import type { DeviceDetail, DeviceStatus } from '#protocol/api.ts';
import { LONGEST_RETRY_S, onlineWindowMs } from '#protocol/gaps.ts';
import { FLEET_FIELDS, type Recent } from '#protocol/live.ts';
import { fieldNames, fieldValue, rowSample, type Sample, type Values } from '#protocol/sample.ts';
import type { AcceptedPush, Clock, StatusChange } from '../types.ts';
import { emptyRecent, RecentRing } from './recent-ring.ts';

/** [F2] How often the fleet looks for devices that went offline. One look takes 0.1 ms for 10,000 devices. */
const SWEEP_MS = 500;
/**
 * A sweep this long after the last one means that the process was suspended, or that the clock jumped ahead.
 */
const CLOCK_JUMP_MS = 5000;

/** What the fleet knows of one device. Times are epoch milliseconds. */
export interface FleetEntry {
  readonly status: DeviceStatus;
  /** When the device's last accepted push arrived, by the server's clock; null where there was none. */
  readonly lastSeen: number | null;
  /** The time of the current sample; null where there is none. */
  readonly sampledAt: number | null;
  /** Seconds until the device's next push is expected. */
  readonly intervalS: number;
  /** [F3] The current sample, valid until the device's next one: its numbers are written over. */
  readonly newest: Sample | undefined;
  /** Its values; empty where there is none. */
  readonly values: Values;
  /** Those of them that the fleet page shows. */
  readonly fleetValues: Values;
  /** [I7] What was left out of the last push with something invalid, and when it arrived; null: nothing was. */
  readonly ignored: DeviceDetail['ignored'];
}

/**
 * [F1] [F2] When an online device goes offline unless it pushes before, epoch milliseconds. `graceFrom`: when
 * the server began to listen or woke up. Before, it could not receive pushes, and an agent that could not push
 * then may wait for its next try.
 */
function offlineAt(lastSeen: number, intervalS: number, graceFrom: number): number {
  const windowMs = onlineWindowMs(intervalS);
  return lastSeen >= graceFrom ? lastSeen + windowMs : graceFrom + LONGEST_RETRY_S * 1000 + windowMs;
}

export interface KnownDevice {
  readonly deviceId: string;
  readonly intervalS: number;
  /** When the last push arrived, epoch milliseconds, as far as it was written down; too old after a crash. */
  readonly lastSeen: number | null;
  /** Whether the device was online when the server stopped. */
  readonly wasOnline: boolean;
}

/**
 * [F2] Whether a device was online when the server ended. Its record is written some time after it goes online or
 * offline, which kill -9 may prevent: where a push came after what the record knows, the device was online since.
 * @param arrived when the newest push that the journal has of it arrived, epoch milliseconds
 */
export function wasOnlineAtEnd(
  { online, last_seen }: { readonly online?: boolean | undefined; readonly last_seen: number | null },
  arrived: number | undefined,
): boolean {
  if (arrived !== undefined && arrived > (last_seen ?? -Infinity)) return true;
  return online ?? last_seen !== null;
}

export interface FleetParts {
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Called when a device goes online or offline; a new device goes online with its first push. */
  readonly onStatusChange: (change: StatusChange) => void;
  readonly devices: Iterable<KnownDevice>;
  /** The newest sample of each device, from the history. */
  readonly latest: ReadonlyMap<string, Sample>;
  readonly every: Clock['every'];
}

export interface Fleet {
  /** Adds a new device, offline until its first push. For a known device, replaces its interval (seconds). */
  add(deviceId: string, device: { readonly intervalS: number }): void;
  remove(deviceId: string): void;
  /** To be called for every accepted push. A push of a device that was removed meanwhile is ignored. */
  pushAccepted(push: AcceptedPush): void;
  get(deviceId: string): FleetEntry | undefined;
  /** The names of the fields of the device's current sample; empty where there is none. */
  fieldsOf(deviceId: string): readonly string[];
  /**
   * The last five minutes in at most `maxPoints` points (default and limit: 60); empty for an unknown device.
   */
  recent(deviceId: string, maxPoints?: number): Recent;
  stop(): void;
}

class TrackedDevice implements FleetEntry {
  status: DeviceStatus = 'offline';
  lastSeen: number | null;
  intervalS: number;
  newest: Sample | undefined;
  ring: RecentRing | undefined;
  ignored: DeviceDetail['ignored'] = null;

  constructor(intervalS: number, lastSeen: number | null, newest?: Sample) {
    this.intervalS = intervalS;
    this.lastSeen = lastSeen;
    this.newest = newest;
  }

  get sampledAt(): number | null {
    return this.newest?.t ?? null;
  }

  /** Read by pages, not on every push: the newest sample makes its values when they are first read. */
  get values(): Values {
    return this.newest?.values ?? {};
  }

  get fleetValues(): Values {
    const { newest } = this;
    const values: Values = {};
    if (newest === undefined) return values;
    for (const field of FLEET_FIELDS) {
      const value = fieldValue(newest, field);
      if (value !== undefined) values[field] = value;
    }
    return values;
  }
}

/**
 * A copy of the sample that holds its own numbers only, since the samples of a push share one buffer, which
 * would otherwise stay in memory. The copy reuses the buffer of `previous`, the device's last copy, where
 * that has the same fields: one sample is kept for each device, and new buffers on every push would cost
 * garbage collection.
 */
function copySample(sample: Sample, previous: Sample | undefined): Sample {
  const { t, row } = sample;
  if (row === undefined) return { t, values: sample.values };
  const { layout, numbers, offset } = row;
  const width = layout.names.length;
  const copy = previous?.row?.layout === layout ? previous.row.numbers : new Float64Array(width);
  for (let place = 0; place < width; place++) copy[place] = numbers[offset + place] ?? NaN;
  return rowSample(t, { layout, numbers: copy, offset: 0 });
}

/**
 * [F2] The devices after a restart, before any of them has pushed again: each as online as it was. The times of
 * their samples say nothing about that, since a device's clock may be wrong. `now`: epoch milliseconds.
 */
function restore(devices: Iterable<KnownDevice>, latest: ReadonlyMap<string, Sample>, now: number) {
  const tracked = new Map<string, TrackedDevice>();
  for (const { deviceId, intervalS, lastSeen, wasOnline } of devices) {
    // The clock may have been set back meanwhile.
    const seen = lastSeen === null ? null : Math.min(lastSeen, now);
    const device = new TrackedDevice(intervalS, seen, latest.get(deviceId));
    if (wasOnline && seen !== null) device.status = 'online';
    tracked.set(deviceId, device);
  }
  return tracked;
}

export function createFleet({ now, onStatusChange, devices, latest, every }: FleetParts): Fleet {
  let graceFrom = now();
  let lastSweep = graceFrom;
  const tracked = restore(devices, latest, graceFrom);

  function setStatus(deviceId: string, device: TrackedDevice, status: DeviceStatus, at: number): void {
    device.status = status;
    onStatusChange({ deviceId, status, at, lastSeen: device.lastSeen });
  }

  /**
   * After the process did not run for a while (or the clock jumped ahead), every device gets a new grace
   * window. After the clock was set back, no kept time stays in the future.
   */
  function noticeClockJump(at: number): void {
    if (at - lastSweep > CLOCK_JUMP_MS) graceFrom = at;
    if (at < lastSweep) {
      graceFrom = Math.min(graceFrom, at);
      for (const device of tracked.values())
        if (device.lastSeen !== null) device.lastSeen = Math.min(device.lastSeen, at);
    }
    lastSweep = at;
  }

  function sweep(): void {
    const at = now();
    noticeClockJump(at);
    for (const [deviceId, device] of tracked) {
      if (device.status === 'offline' || device.lastSeen === null) continue;
      if (at >= offlineAt(device.lastSeen, device.intervalS, graceFrom))
        setStatus(deviceId, device, 'offline', at);
    }
  }

  function addSamples(device: TrackedDevice, samples: readonly Sample[]): void {
    const newest = samples.at(-1);
    if (newest === undefined) return;
    device.ring ??= new RecentRing();
    for (const sample of samples) device.ring.add(sample);
    device.newest = copySample(newest, device.newest);
  }

  const stopSweep = every(sweep, SWEEP_MS);

  return {
    add(deviceId, { intervalS }) {
      const known = tracked.get(deviceId);
      if (known !== undefined) {
        known.intervalS = intervalS;
        return;
      }
      tracked.set(deviceId, new TrackedDevice(intervalS, null));
    },
    remove(deviceId) {
      tracked.delete(deviceId);
    },
    pushAccepted({ deviceId, current, arrived, intervalS, ignored }) {
      const device = tracked.get(deviceId);
      if (device === undefined) return;
      device.intervalS = intervalS;
      device.lastSeen = arrived;
      if (ignored !== undefined) device.ignored = { ...ignored, at: arrived };
      addSamples(device, current);
      if (device.status === 'offline') setStatus(deviceId, device, 'online', arrived);
    },
    get: (deviceId) => tracked.get(deviceId),
    fieldsOf(deviceId) {
      const newest = tracked.get(deviceId)?.newest;
      return newest === undefined ? [] : fieldNames(newest);
    },
    recent: (deviceId, maxPoints) => tracked.get(deviceId)?.ring?.read(maxPoints) ?? emptyRecent(),
    stop: stopSweep,
  };
}
