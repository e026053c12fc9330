/**
 * Silences and maintenance windows: which of them are now, and whose messages they hide. [A6] They never hide an alert.
 * One timer waits for the next moment at which a window begins or ends. All times are epoch milliseconds.
 */
import type { Alert, Mute } from '#protocol/alerts.ts';
import type { Device } from '#protocol/api.ts';
import { inScope, type Machine } from '#protocol/machine-scope.ts';
import { MOST_SILENCES, type SilenceRecord, type SilenceScope } from '#protocol/silences.ts';
import type { Collection } from '../state/collection.ts';
import type { Clock } from '../types.ts';
import { lastEnd, windowAfter, windowAt } from './silence-times.ts';

/** How long the ended ones are kept. */
const PAST_KEPT_MS = 90 * 86_400_000;
/** The timer waits at most so long, as somebody may set the clock, or the machine may sleep. */
const LONGEST_WAIT_MS = 3_600_000;

export function coversAlert(
  scope: SilenceScope,
  machine: Machine,
  { rule_id, severity }: Pick<Alert, 'rule_id' | 'severity'>,
): boolean {
  if (scope.rules.length > 0 && !scope.rules.includes(rule_id)) return false;
  if (scope.severities.length > 0 && !scope.severities.includes(severity)) return false;
  return inScope(scope, machine);
}

/** A silence whose window is now. */
interface ActiveSilence {
  readonly silence: SilenceRecord;
  readonly until: number;
}

export interface Silences {
  /** [A6] What hides the messages about such an alert now; null where nothing does. */
  muteOf(machine: Machine, alert: Pick<Alert, 'rule_id' | 'severity'>): Mute | null;
  /** The maintenance that the machine is in now; null where it is in none. */
  maintenanceOf(machine: Machine): Device['maintenance'];
  /** To be called after silences were added, changed or removed. */
  changed(): void;
  stop(): void;
}

export interface SilencesParts {
  readonly silences: Collection<SilenceRecord>;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** Called when a window has begun or ended, and when a silence was changed. */
  readonly onChange: () => void;
}

/** Maintenance comes before silences, then what lasts longest: the first that covers an alert is named in it. */
function byStrength(a: ActiveSilence, b: ActiveSilence): number {
  const rank = ({ silence }: ActiveSilence) => (silence.kind === 'maintenance' ? 0 : 1);
  return rank(a) - rank(b) || b.until - a.until;
}

const nameOf = ({ kind, comment }: SilenceRecord) =>
  comment !== '' ? comment : kind === 'maintenance' ? 'Maintenance' : 'Silence';

export function createSilences({ silences, clock, onChange }: SilencesParts): Silences {
  /** In the order of their strength. */
  let active: readonly ActiveSilence[] = [];
  let cancelTimer: () => void = () => undefined;

  function activeAt(t: number): ActiveSilence[] {
    return silences.all().flatMap((silence) => {
      const window = windowAt(silence.time, t);
      return window === undefined ? [] : [{ silence, until: window.to }];
    });
  }

  /** The next moment after `t` at which a window begins or ends; Infinity where there is none. */
  function nextChange(t: number): number {
    const starts = silences.all().map(({ time }) => windowAfter(time, t)?.from ?? Infinity);
    return Math.min(...active.map(({ until }) => until), ...starts);
  }

  /** Removes those that ended long ago, and the oldest of too many. */
  function forgetPast(t: number): void {
    const past = silences
      .all()
      .map(({ id, time }) => ({ id, end: lastEnd(time) ?? Infinity }))
      .filter(({ end }) => end <= t)
      .toSorted((a, b) => a.end - b.end);
    const tooMany = silences.all().length - MOST_SILENCES;
    for (const [place, { id, end }] of past.entries())
      if (place < tooMany || end < t - PAST_KEPT_MS) silences.drop(id);
  }

  function look(): void {
    const now = clock.now();
    forgetPast(now);
    active = activeAt(now).sort(byStrength);
    cancelTimer();
    const wait = Math.min(LONGEST_WAIT_MS, nextChange(now) - now);
    cancelTimer = silences.all().length === 0 ? () => undefined : clock.after(Math.max(1, wait), lookAgain);
  }

  function lookAgain(): void {
    const before = active.map(({ silence, until }) => `${silence.id} ${until}`).join('\n');
    look();
    if (before !== active.map(({ silence, until }) => `${silence.id} ${until}`).join('\n')) onChange();
  }

  look();

  return {
    muteOf(machine, alert) {
      const hiding = active.find(({ silence }) => coversAlert(silence.scope, machine, alert));
      if (hiding === undefined) return null;
      const { silence, until } = hiding;
      return { by: silence.kind, id: silence.id, name: nameOf(silence), until };
    },
    maintenanceOf(machine) {
      const found = active.find(
        ({ silence: { kind, scope } }) =>
          kind === 'maintenance' &&
          // A window about some alerts only is not about the machine.
          scope.rules.length === 0 &&
          scope.severities.length === 0 &&
          inScope(scope, machine),
      );
      return found === undefined ? null : { until: found.until, name: nameOf(found.silence) };
    },
    changed() {
      look();
      onChange();
    },
    stop: () => cancelTimer(),
  };
}
