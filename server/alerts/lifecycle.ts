/**
 * The life of an alert as pure functions: raised, acknowledged, resolved, and reopened where its condition holds
 * again soon. Each returns the alert as it is then. All times are epoch milliseconds.
 */
import { COMMENTS_KEPT, EVENTS_KEPT, isActive, type Alert, type AlertEvent } from '#protocol/alerts.ts';

export type Resolution = NonNullable<Alert['resolution']>;

/** What a condition that begins to fire says of its alert. */
export type Raised = Pick<
  Alert,
  | 'rule_id'
  | 'rule_name'
  | 'device_id'
  | 'device_name'
  | 'metric'
  | 'value'
  | 'threshold'
  | 'severity'
  | 'kind'
  | 'reading'
  | 'timestamp'
>;

/** What a person says about an alert: the user's name, and a text that may be empty. */
export interface Remark {
  readonly at: number;
  readonly by: string;
  readonly text: string;
}

export interface LifecycleLimits {
  /**
   * An alert whose condition holds again within so many milliseconds after it cleared is reopened instead of raised
   * anew. A flapping one ends once it has been quiet for as long.
   */
  readonly reopenMs: number;
  /** An alert that was reopened so often within `flapWithinMs` milliseconds is flapping. */
  readonly flapTimes: number;
  readonly flapWithinMs: number;
}

export const DEFAULT_LIMITS: LifecycleLimits = { reopenMs: 600_000, flapTimes: 3, flapWithinMs: 3_600_000 };

function withEvent({ events }: Alert, event: AlertEvent): AlertEvent[] {
  return [...events, event].slice(-EVENTS_KEPT);
}

export function raise(raised: Raised, id: string): Alert {
  return {
    ...raised,
    id,
    others: 0,
    state: 'firing',
    resolved_at: null,
    resolution: null,
    acknowledged: null,
    comments: [],
    events: [],
    reopened: 0,
    flapping: false,
    quiet_since: null,
    muted: null,
  };
}

/** Whether the alert has cleared so short a time before `at` that it is to be reopened. */
export function canReopen({ resolution, resolved_at }: Alert, at: number, limits: LifecycleLimits): boolean {
  if (resolution !== 'cleared' || resolved_at === null) return false;
  // After the clock was set back, nobody can say how long ago it cleared.
  return at >= resolved_at && at - resolved_at < limits.reopenMs;
}

/** The resolved alert, firing again with the value, the severity and the names of now; nobody has acknowledged it. */
export function reopen(
  alert: Alert,
  { timestamp: at, ...raised }: Raised,
  { flapTimes, flapWithinMs }: LifecycleLimits,
): Alert {
  const events = withEvent(alert, { at, what: 'reopened', by: null, text: '' });
  const times = events.filter(({ what, at: t }) => what === 'reopened' && at - t < flapWithinMs).length;
  const reopened: Alert = {
    ...alert,
    ...raised,
    state: 'firing',
    resolved_at: null,
    resolution: null,
    acknowledged: null,
    events,
    reopened: alert.reopened + 1,
    flapping: times >= flapTimes,
  };
  if (!reopened.flapping || alert.flapping) return reopened;
  return { ...reopened, events: withEvent(reopened, { at, what: 'flapping', by: null, text: '' }) };
}

/** The alert ends. Who acknowledged it stays written down. */
export function resolve(alert: Alert, resolution: Resolution, at: number): Alert {
  return {
    ...alert,
    others: 0,
    state: 'resolved',
    resolved_at: at,
    resolution,
    quiet_since: null,
    muted: null,
    events: withEvent(alert, { at, what: 'resolved', by: null, text: resolution }),
  };
}

/** [A6] A person takes on a firing alert. Any other alert stays as it is. */
export function acknowledge(alert: Alert, { at, by, text }: Remark): Alert {
  if (alert.state !== 'firing') return alert;
  return {
    ...alert,
    state: 'acknowledged',
    acknowledged: { at, by, comment: text },
    events: withEvent(alert, { at, what: 'acknowledged', by, text }),
  };
}

/** An acknowledged alert fires as if nobody had acknowledged it. `by`: null where it became critical by itself. */
export function unacknowledge(
  alert: Alert,
  { at, by, text }: Omit<Remark, 'by'> & { by: string | null },
): Alert {
  if (alert.state !== 'acknowledged') return alert;
  return {
    ...alert,
    state: 'firing',
    acknowledged: null,
    events: withEvent(alert, { at, what: 'unacknowledged', by, text }),
  };
}

export function comment(alert: Alert, remark: Remark): Alert {
  return { ...alert, comments: [...alert.comments, { ...remark }].slice(-COMMENTS_KEPT) };
}

/** The alert with what its condition says now. An acknowledged warning that becomes critical is not acknowledged any more. */
export function follow(alert: Alert, parts: Partial<Alert>, at: number): Alert {
  const changed = { ...alert, ...parts };
  if (alert.severity !== 'warning' || changed.severity !== 'critical' || !isActive(alert)) return changed;
  return unacknowledge(changed, { at, by: null, text: 'became critical' });
}
