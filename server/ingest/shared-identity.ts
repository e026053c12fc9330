/**
 * [F4] Notices agents that push as one device, as after a disk or a data folder was copied: their pushes come in turns.
 * A restarted agent, a new hostname and a new address replace the earlier one for good and are no conflict. Samples of
 * all are stored and shown, since only a person knows which agent is the right one.
 */
import { createHash } from 'node:crypto';
import type { Push } from '#protocol/sample.ts';

/** An agent that was silent for so long is gone, milliseconds; where it pushes seldom, for this many of its intervals. */
const GONE_MS = 10 * 60_000;
const GONE_INTERVALS = 3;
/** So many times an earlier agent must come again: a last push that is delayed over a restart makes two returns. */
const RETURNS = 3;
/** The same for pushes without a run id, told apart by hostname and address: a machine may use two addresses in turns. */
const RETURNS_WITHOUT_ID = 5;
/** The most agents of one device that are remembered. */
const MOST_ORIGINS = 16;

type Sender = Pick<Push, 'hostname' | 'ip' | 'run_id' | 'machine' | 'follows'>;

/** What tells the agents of a device apart: the run id, else the hostname and the address. */
const keyOf = ({ hostname, ip, run_id }: Sender): string => run_id ?? `${hostname} ${ip}`;

/** How an agent is named outside of the ingest. Its run id stays a secret between it and the server. */
export const originId = (sender: Sender): string => createHash('sha256').update(keyOf(sender)).digest('hex');

/** An agent that pushes as a device. */
export interface Origin {
  readonly id: string;
  readonly hostname: string;
  readonly ip: string;
  /** A short hash of its machine's own id; undefined where it tells none. */
  readonly machine: string | undefined;
  /** When its first push arrived since the server's start, epoch milliseconds. */
  readonly since: number;
  /** Whether it is an agent that a person can make a device of its own from here: scripts have no run id. */
  readonly hasRunId: boolean;
}

/** The agents of one device, in the order in which they came. `since`: when they were noticed, epoch milliseconds. */
export interface Conflict {
  readonly origins: readonly Origin[];
  readonly since: number;
}

/** An agent of the conflict that this push does not come from. */
export function otherOrigin({ origins }: Conflict, sender: Sender): Pick<Origin, 'hostname' | 'ip'> {
  const own = originId(sender);
  const { hostname, ip } = origins.find(({ id }) => id !== own) ?? { hostname: '', ip: '' };
  return { hostname, ip };
}

/** What a push tells of the agents of its device. */
export interface Noted {
  /** The conflict that it is part of; undefined for nearly every push. */
  readonly conflict: Conflict | undefined;
  /** Whether the device's names may be taken from it: a new agent is believed with its second push in a row. */
  readonly isSettled: boolean;
}

export interface SharedIdentity {
  /** To be called for every accepted push. */
  note(push: Sender & Pick<Push, 'device_id' | 'interval_s'>, arrived: number): Noted;
  /** The agents of a device, where it has several. */
  of(deviceId: string): Conflict | undefined;
  /** The agent pushes as this device no more. Returns the conflict that is left. */
  left(deviceId: string, origin: string): Conflict | undefined;
  forget(deviceId: string): void;
}

const ALONE: Noted = { conflict: undefined, isSettled: true };

interface Seen extends Origin {
  readonly key: string;
  /** When its last push arrived, epoch milliseconds. */
  lastSeen: number;
  /** Whether a later start of the same agent has pushed since. */
  isOver: boolean;
}

interface Known {
  last: Seen;
  /** Whether the push before was of another agent. */
  isNew: boolean;
  /** The agents before it that are not gone, the newest first. */
  earlier: Seen[];
  /** How often an agent came again after another one. */
  returns: number;
  /** When the conflict was noticed, epoch milliseconds. */
  since: number | undefined;
}

function firstSeen(push: Sender, arrived: number): Seen {
  const { hostname, ip, machine, run_id } = push;
  const facts = { hostname, ip, machine, since: arrived, hasRunId: run_id !== undefined };
  return { ...facts, id: originId(push), key: keyOf(push), lastSeen: arrived, isOver: false };
}

function conflictOf({ last, earlier, since }: Known): Conflict | undefined {
  if (since === undefined) return undefined;
  const here = [last, ...earlier.filter(({ isOver }) => !isOver)];
  return { origins: here.toSorted((a, b) => a.since - b.since), since };
}

function endWhereAlone(known: Known): void {
  if (!known.earlier.every(({ isOver }) => isOver)) return;
  known.since = undefined;
  known.returns = 0;
}

function dropGone(known: Known, arrived: number, intervalS: number | undefined): void {
  const goneMs = Math.max(GONE_MS, GONE_INTERVALS * 1000 * (intervalS ?? 0));
  const here = known.earlier.filter(({ lastSeen }) => Math.abs(arrived - lastSeen) <= goneMs);
  if (here.length === known.earlier.length) return;
  known.earlier = here;
  endWhereAlone(known);
}

/** A push comes from another agent than the one before. */
function switchTo(known: Known, push: Sender, arrived: number): void {
  const { last, earlier } = known;
  const key = keyOf(push);
  const again = earlier.find((one) => one.key === key);
  if (again === undefined) {
    for (const one of [last, ...earlier]) if (one.id === push.follows) one.isOver = true;
    if (known.since === undefined) known.returns = 0;
  } else {
    again.isOver = false;
    known.returns++;
  }
  known.earlier = [last, ...earlier.filter((one) => one !== again)].slice(0, MOST_ORIGINS - 1);
  known.last = again ?? firstSeen(push, arrived);
  const most = push.run_id === undefined ? RETURNS_WITHOUT_ID : RETURNS;
  if (known.returns >= most) known.since ??= arrived;
}

export function createSharedIdentity(): SharedIdentity {
  const devices = new Map<string, Known>();

  return {
    note(push, arrived) {
      const known = devices.get(push.device_id);
      if (known === undefined) {
        const last = firstSeen(push, arrived);
        devices.set(push.device_id, { last, isNew: false, earlier: [], returns: 0, since: undefined });
        return ALONE;
      }
      if (known.earlier.length > 0) dropGone(known, arrived, push.interval_s);
      known.isNew = known.last.key !== keyOf(push);
      if (known.isNew) switchTo(known, push, arrived);
      const { hostname, ip } = push;
      if (known.last.ip !== ip || known.last.hostname !== hostname)
        known.last = { ...known.last, hostname, ip };
      known.last.lastSeen = arrived;
      if (known.earlier.length === 0) return ALONE;
      const isSettled = known.since === undefined && (push.run_id === undefined || !known.isNew);
      return { conflict: conflictOf(known), isSettled };
    },
    of(deviceId) {
      const known = devices.get(deviceId);
      return known && conflictOf(known);
    },
    left(deviceId, origin) {
      const known = devices.get(deviceId);
      if (known === undefined) return undefined;
      const others = [known.last, ...known.earlier].filter(({ id }) => id !== origin);
      const [last, ...earlier] = others;
      if (last === undefined) {
        devices.delete(deviceId);
        return undefined;
      }
      known.last = last;
      known.earlier = earlier;
      endWhereAlone(known);
      return conflictOf(known);
    },
    forget: (deviceId) => devices.delete(deviceId),
  };
}
