/** The latest of every device, and who is online. All in memory: it is read on every push and every page. */
import type { DeviceStatus } from '#protocol/api.ts';
import { onlineWindowMs } from '#protocol/gaps.ts';
import type { Recent } from '#protocol/live.ts';
import { rowSample, type Sample, type Values } from '#protocol/sample.ts';
import type { AcceptedPush, Clock, StatusChange } from '../types.ts';
import { emptyRecent, RecentRing } from './recent-ring.ts';

/** [F2] How often deadlines are looked at; a tenth of a millisecond for 10,000 devices. */
const SWEEP_MS = 500;
/** A sweep this late means that the process slept (a suspended machine, a stopped process) or the clock jumped. */
const SLEPT_MS = 5000;

/** Times are epoch milliseconds by the server's clock, but `sampledAt`, which is the sample's own. */
export interface FleetEntry {
  readonly status: DeviceStatus;
  /** When its last accepted push arrived. */
  readonly lastSeen: number | null;
  readonly sampledAt: number | null;
  /** Seconds between its pushes. */
  readonly intervalS: number;
  /** The newest sample's values, by time. */
  readonly values: Values;
}

/**
 * The time at which an online device goes offline. `graceFrom`: when the server began to listen (or woke up);
 * silence before that is not the device's.
 */
function deadline(lastSeen: number, intervalS: number, graceFrom: number): number {
  return Math.max(lastSeen, graceFrom) + onlineWindowMs(intervalS);
}

/**
 * [F2] The status a device had when the server stopped. When that was is told by the fleet itself: by its newest
 * push. A device whose own last push was within one window of it was online.
 */
function statusAtStop(
  lastSeen: number | null,
  intervalS: number,
  fleetLastSeen: number | null,
): DeviceStatus {
  if (lastSeen === null || fleetLastSeen === null) return 'offline';
  return fleetLastSeen - lastSeen < onlineWindowMs(intervalS) ? 'online' : 'offline';
}

export interface KnownDevice {
  readonly deviceId: string;
  readonly intervalS: number;
  /** From its record; may be older than the truth after a crash. */
  readonly lastSeen: number | null;
}

export interface FleetParts {
  readonly now: () => number;
  /** Told of transitions only; the first push of a new device is one. */
  readonly onStatus: (change: StatusChange) => void;
  readonly devices: Iterable<KnownDevice>;
  /** The newest sample of each device, from history. */
  readonly latest: ReadonlyMap<string, Sample>;
  readonly every: Clock['every'];
}

export interface Fleet {
  /** A new device: offline until its first push. For a known one, only its interval is taken. */
  add(deviceId: string, device: { readonly intervalS: number }): void;
  remove(deviceId: string): void;
  /** Takes a push of a known device; one that was removed meanwhile is let pass unseen. */
  accept(push: AcceptedPush): void;
  get(deviceId: string): FleetEntry | undefined;
  /** The last five minutes, at most `most` points (60 at most); empty for an unknown device. */
  recent(deviceId: string, most?: number): Recent;
  stop(): void;
}

class Tracked implements FleetEntry {
  status: DeviceStatus = 'offline';
  lastSeen: number | null;
  intervalS: number;
  newest: Sample | undefined;
  ring: RecentRing | undefined;

  constructor(intervalS: number, lastSeen: number | null, newest?: Sample) {
    this.intervalS = intervalS;
    this.lastSeen = lastSeen;
    this.newest = newest;
  }

  get sampledAt(): number | null {
    return this.newest?.t ?? null;
  }

  /** Asked for by pages, not by every push. */
  get values(): Values {
    return this.newest?.values ?? {};
  }
}

/**
 * A push's samples share one buffer. Of the newest its own numbers are kept alone, in the buffer of the one before it
 * where that has the same fields: as many samples are kept as there are devices.
 */
function keptSample({ t, values, row }: Sample, before: Sample | undefined): Sample {
  if (row === undefined) return { t, values };
  const { layout, numbers, offset } = row;
  const width = layout.names.length;
  const kept = before?.row?.layout === layout ? before.row.numbers : new Float64Array(width);
  for (let place = 0; place < width; place++) kept[place] = numbers[offset + place] ?? NaN;
  return rowSample(t, { layout, numbers: kept, offset: 0 });
}

/** What is known of the devices before any of them has pushed again. */
function restore(devices: Iterable<KnownDevice>, latest: ReadonlyMap<string, Sample>, now: number) {
  const tracked = new Map<string, Tracked>();
  let fleetLastSeen: number | null = null;
  for (const { deviceId, intervalS, lastSeen: recorded } of devices) {
    const sample = latest.get(deviceId);
    // After a crash the record is old, but a stored sample was pushed no earlier than it was taken.
    const known = Math.max(recorded ?? 0, sample?.t ?? 0);
    const lastSeen = recorded === null && sample === undefined ? null : Math.min(known, now);
    if (lastSeen !== null) fleetLastSeen = Math.max(fleetLastSeen ?? 0, lastSeen);
    tracked.set(deviceId, new Tracked(intervalS, lastSeen, sample));
  }
  for (const device of tracked.values())
    device.status = statusAtStop(device.lastSeen, device.intervalS, fleetLastSeen);
  return tracked;
}

export function createFleet({ now, onStatus, devices, latest, every }: FleetParts): Fleet {
  let graceFrom = now();
  let lastSweep = graceFrom;
  const tracked = restore(devices, latest, graceFrom);

  function change(deviceId: string, device: Tracked, status: DeviceStatus, at: number): void {
    device.status = status;
    onStatus({ deviceId, status, at, lastSeen: device.lastSeen });
  }

  /** Silence while the server itself slept is nobody's fault; after a clock set back, no push is in the future. */
  function minds(at: number): void {
    if (at - lastSweep > SLEPT_MS) graceFrom = at;
    if (at < lastSweep) {
      graceFrom = Math.min(graceFrom, at);
      for (const device of tracked.values())
        if (device.lastSeen !== null) device.lastSeen = Math.min(device.lastSeen, at);
    }
    lastSweep = at;
  }

  function sweep(): void {
    const at = now();
    minds(at);
    for (const [deviceId, device] of tracked) {
      if (device.status === 'offline' || device.lastSeen === null) continue;
      if (at >= deadline(device.lastSeen, device.intervalS, graceFrom))
        change(deviceId, device, 'offline', at);
    }
  }

  function take(device: Tracked, samples: readonly Sample[]): void {
    const newest = samples.at(-1);
    if (newest === undefined) return;
    device.ring ??= new RecentRing();
    for (const sample of samples) device.ring.add(sample);
    if (device.newest === undefined || newest.t >= device.newest.t)
      device.newest = keptSample(newest, device.newest);
  }

  const stopSweep = every(sweep, SWEEP_MS);

  return {
    add(deviceId, { intervalS }) {
      const known = tracked.get(deviceId);
      if (known !== undefined) {
        known.intervalS = intervalS;
        return;
      }
      tracked.set(deviceId, new Tracked(intervalS, null));
    },
    remove(deviceId) {
      tracked.delete(deviceId);
    },
    accept({ deviceId, samples, arrived, intervalS }) {
      const device = tracked.get(deviceId);
      if (device === undefined) return;
      device.intervalS = intervalS;
      device.lastSeen = Math.max(device.lastSeen ?? 0, arrived);
      take(device, samples);
      if (device.status === 'offline') change(deviceId, device, 'online', arrived);
    },
    get: (deviceId) => tracked.get(deviceId),
    recent: (deviceId, most) => tracked.get(deviceId)?.ring?.read(most) ?? emptyRecent(),
    stop: stopSweep,
  };
}
