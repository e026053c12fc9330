/**
 * [F4] Notices two agents that push as one device, as after a disk or a data folder was copied: their pushes come in
 * turns. A restarted agent, a new hostname and a new address replace the earlier one for good and are no conflict.
 * Samples of both are stored and shown, since only a person knows which agent is the right one.
 */
import type { DeviceDetail } from '#protocol/api.ts';
import type { Push } from '#protocol/sample.ts';

/** An agent that was silent for so long is gone, milliseconds. */
const GONE_MS = 10 * 60_000;
/** So many times an earlier agent must come again: a last push that is delayed over a restart makes two returns. */
const RETURNS = 3;
/** The same for pushes without a run id, told apart by hostname and address: a machine may use two addresses in turns. */
const RETURNS_WITHOUT_ID = 5;

/** The agent that a push comes from. */
interface Origin {
  /** Its run id, else its hostname and address. */
  readonly key: string;
  readonly hostname: string;
  readonly ip: string;
}

type Sender = Pick<Push, 'hostname' | 'ip' | 'run_id'>;

const keyOf = ({ hostname, ip, run_id }: Sender): string => run_id ?? `${hostname} ${ip}`;

/** Two agents of one device. `since`: when they were noticed, epoch milliseconds. */
export interface Conflict {
  readonly origins: readonly [Origin, Origin];
  readonly since: number;
}

/** The agent of the conflict that the push of this run id, hostname and address does not come from. */
export function otherOrigin({ origins }: Conflict, sender: Sender) {
  const key = keyOf(sender);
  const other = origins.find((origin) => origin.key !== key) ?? origins[0];
  return { hostname: other.hostname, ip: other.ip };
}

/** The conflict as the API shows it. */
export function conflictView({ origins, since }: Conflict): NonNullable<DeviceDetail['conflict']> {
  return {
    hostnames: origins.map(({ hostname }) => hostname),
    addresses: origins.map(({ ip }) => ip),
    since,
  };
}

export interface SharedIdentity {
  /** To be called for every accepted push. Returns the conflict it is part of; undefined for nearly every push. */
  note(push: Sender & Pick<Push, 'device_id'>, arrived: number): Conflict | undefined;
  forget(deviceId: string): void;
}

interface Known {
  last: Origin;
  /** When the last push arrived, epoch milliseconds. */
  lastSeen: number;
  /** The origin before `last`, unless it is gone, and when its last push arrived. */
  other: Origin | undefined;
  otherSeen: number;
  /** How often an origin came again after the other one. */
  returns: number;
  conflict: Conflict | undefined;
}

/** A push comes from another origin than the one before. */
function switchTo(known: Known, origin: Origin, mostReturns: number, arrived: number): void {
  const { last, lastSeen, other } = known;
  known.returns = other?.key === origin.key ? known.returns + 1 : 0;
  known.other = last;
  known.otherSeen = lastSeen;
  known.last = origin;
  if (known.returns >= mostReturns) known.conflict ??= { origins: [last, origin], since: arrived };
}

export function createSharedIdentity(): SharedIdentity {
  const devices = new Map<string, Known>();

  return {
    note(push, arrived) {
      const { device_id, hostname, ip, run_id } = push;
      const origin = { key: keyOf(push), hostname, ip };
      const known = devices.get(device_id);
      if (known === undefined) {
        const nothing = { other: undefined, otherSeen: 0, returns: 0, conflict: undefined };
        devices.set(device_id, { last: origin, lastSeen: arrived, ...nothing });
        return undefined;
      }
      if (known.other !== undefined && Math.abs(arrived - known.otherSeen) > GONE_MS) {
        known.other = undefined;
        known.conflict = undefined;
      }
      if (known.last.key !== origin.key)
        switchTo(known, origin, run_id === undefined ? RETURNS_WITHOUT_ID : RETURNS, arrived);
      known.lastSeen = arrived;
      return known.conflict;
    },
    forget: (deviceId) => devices.delete(deviceId),
  };
}
