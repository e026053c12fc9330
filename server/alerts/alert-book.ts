/**
 * Keeps all alerts in their collection, with a limit for resolved ones, and the active ones in memory. All times are
 * epoch milliseconds.
 */
import { randomUUID } from 'node:crypto';
import { isActive, type Alert, type Mute } from '#protocol/alerts.ts';
import type { Meaning } from '#protocol/meaning.ts';
import type { Collection } from '../state/collection.ts';
import type { AlertRecord } from '../state/records.ts';
import {
  canReopen,
  follow,
  raise,
  reopen,
  resolve,
  type LifecycleLimits,
  type Raised,
  type Resolution,
} from './lifecycle.ts';

/** What evaluation may change in an active alert. */
export type Followed = Partial<
  Pick<
    Alert,
    | 'rule_name'
    | 'device_name'
    | 'others'
    | 'severity'
    | 'value'
    | 'threshold'
    | 'reading'
    | 'quiet_since'
    | 'muted'
  >
>;

export interface AlertBook {
  /** The active alerts, in the order in which they were raised or reopened. */
  active(): readonly Alert[];
  /** The alert with this id, active or resolved. */
  get(id: string): Alert | undefined;
  /** The newest `limit` alerts, newest first, resolved ones included. */
  all(limit: number): readonly Alert[];
  /** Stores an alert that fires now: a new one, or one that cleared a short time ago, which is reopened. */
  raise(raised: Raised): Alert;
  /** Stores what has changed in an active alert. */
  change(id: string, parts: Followed, at: number): void;
  /** Stores what a person changes in an alert, active or resolved. Returns it as it is then; undefined without it. */
  edit(id: string, edit: (alert: Alert) => Alert): Alert | undefined;
  /** Resolves an active alert at `at`; a resolved one stays as it is. */
  resolve(id: string, resolution: Resolution, at: number): void;
  /** The alerts that have changed since the last call, each once, in its current state. */
  takeChanges(): readonly Alert[];
}

/** The book with what a running server needs besides. */
export interface StoredAlertBook extends AlertBook {
  /** Removes the oldest resolved alerts past the limit, but none that somebody has yet to be told about. */
  tidy(): void;
}

export interface AlertBookParts {
  readonly alerts: Collection<AlertRecord>;
  /** How many resolved alerts are kept; past it, the oldest are removed. */
  readonly maxResolved: number;
  readonly limits: LifecycleLimits;
  readonly muteOf: (alert: Raised) => Mute | null;
  /** What the device has declared of a field. */
  readonly declaredOf?: (deviceId: string, field: string) => Meaning | undefined;
  /** [A5] Whether a message about this alert may be yet to come. */
  readonly isAwaited: (id: string) => boolean;
}

export function createAlertBook({
  alerts,
  maxResolved,
  limits,
  muteOf,
  declaredOf = () => undefined,
  isAwaited,
}: AlertBookParts): StoredAlertBook {
  const active = new Map<string, Alert>();
  /** The ids of the resolved alerts, the one that was resolved first comes first. */
  const resolved = new Set<string>();
  /** The id of the alert that cleared last, by what it is about; past `reopenMs`, it is forgotten. */
  const cleared = new Map<string, string>();
  let changes = new Map<string, Alert>();

  const subjectOf = ({ rule_id, device_id, metric }: Raised) => JSON.stringify([rule_id, device_id, metric]);

  function put(alert: Alert): void {
    changes.set(alert.id, alert);
    alerts.keep(alert);
  }

  function putResolved(alert: Alert): void {
    resolved.add(alert.id);
    const subject = subjectOf(alert);
    cleared.delete(subject);
    if (alert.resolution === 'cleared') cleared.set(subject, alert.id);
  }

  /** The order of `cleared` is that of the times at which the alerts cleared, unless the clock was set back. */
  function forgetCleared(at: number): void {
    for (const [subject, id] of cleared) {
      const alert = alerts.get(id);
      if (alert !== undefined && canReopen(alert, at, limits)) return;
      cleared.delete(subject);
    }
  }

  const stored = alerts.all().toSorted((a, b) => (a.resolved_at ?? 0) - (b.resolved_at ?? 0));
  for (const alert of stored)
    if (isActive(alert)) active.set(alert.id, alert);
    else putResolved(alert);

  return {
    active: () => [...active.values()],
    get: (id) => active.get(id) ?? alerts.get(id),
    all: (limit) => alerts.all().slice(-Math.max(1, limit)).reverse(),
    raise(raised) {
      forgetCleared(raised.timestamp);
      const earlier = alerts.get(cleared.get(subjectOf(raised)) ?? '');
      const fires =
        earlier !== undefined && canReopen(earlier, raised.timestamp, limits)
          ? reopen(earlier, raised, limits)
          : raise(raised, randomUUID());
      const { unit, label } = declaredOf(raised.device_id, raised.metric) ?? {};
      const isDeclared = unit !== undefined || label !== undefined;
      const alert = { ...fires, muted: muteOf(raised), ...(isDeclared && { meaning: { unit, label } }) };
      resolved.delete(alert.id);
      cleared.delete(subjectOf(raised));
      active.set(alert.id, alert);
      put(alert);
      return alert;
    },
    change(id, parts, at) {
      const alert = active.get(id);
      if (alert === undefined) return;
      const followed = follow(alert, parts, at);
      // A silence may be about one severity only.
      const isOther = followed.severity !== alert.severity;
      const changed = isOther ? { ...followed, muted: muteOf(followed) } : followed;
      active.set(id, changed);
      put(changed);
    },
    edit(id, edit) {
      const alert = active.get(id) ?? alerts.get(id);
      if (alert === undefined) return undefined;
      const changed = edit(alert);
      if (changed === alert) return alert;
      if (active.has(id)) active.set(id, changed);
      put(changed);
      return changed;
    },
    resolve(id, resolution, at) {
      const alert = active.get(id);
      if (alert === undefined) return;
      active.delete(id);
      const ended = resolve(alert, resolution, at);
      put(ended);
      putResolved(ended);
    },
    takeChanges() {
      const changed = [...changes.values()];
      changes = new Map();
      return changed;
    },
    tidy() {
      for (const id of resolved) {
        if (resolved.size <= maxResolved) return;
        if (isAwaited(id)) continue;
        resolved.delete(id);
        alerts.drop(id);
      }
    },
  };
}
