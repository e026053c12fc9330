/** Makes a wall call for attention: new critical machines are framed for some seconds, and sounds are made. */
import type { Alert, Severity } from '#protocol/alerts.ts';
import type { WallSettings } from '#protocol/walls.ts';
import { isUnattended } from '#protocol/alerts.ts';

/** A machine that has become critical is framed for so long, milliseconds. */
export const FRAMED_MS = 8000;
/** At most one sound in so many milliseconds: an outage raises many alerts at once. */
const QUIET_MS = 3000;
/** What is to be heard until somebody acknowledges it is repeated so often, milliseconds. */
export const REPEAT_MS = 15_000;

/** What is to be heard now: the severity of the sound. */
export function soundFor({
  sound,
  fresh,
  unattended,
  quietMs,
}: {
  sound: WallSettings['sound'];
  /** Alerts that newly need somebody. */
  fresh: readonly Pick<Alert, 'severity'>[];
  unattended: readonly Pick<Alert, 'severity'>[];
  /** Since the last sound, milliseconds. */
  quietMs: number;
}): Severity | undefined {
  if (quietMs < QUIET_MS) return undefined;
  const due = (severity: Severity) => {
    const has = (alerts: readonly Pick<Alert, 'severity'>[]) =>
      alerts.some((alert) => alert.severity === severity);
    if (sound[severity] === 'off') return false;
    return (
      has(fresh) || (sound[severity] === 'until_acknowledged' && quietMs >= REPEAT_MS && has(unattended))
    );
  };
  return (['critical', 'warning'] as const).find(due);
}

export class Announcer {
  /** Ids of the machines that have become critical just now. */
  fresh: readonly string[] = $state.raw([]);
  /** What a screen reader says of them. */
  words: string = $state('');
  readonly #beep: (critical: boolean) => void;
  /** The alerts that were announced, as long as they need somebody; undefined before the first look. */
  #announced: Set<string> | undefined;
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- `fresh` tells of it
  readonly #framedUntil = new Map<string, number>();
  #soundedAt = -Infinity;

  constructor({ beep }: { beep: (critical: boolean) => void }) {
    this.#beep = beep;
  }

  /**
   * Takes the active alerts of the wall's machines as they are now. Those of the first call began before the wall was
   * opened, and are not announced.
   * @param now milliseconds of a clock that nobody sets
   */
  update(active: readonly Alert[], sound: WallSettings['sound'], now: number): void {
    const unattended = active.filter(isUnattended);
    const known = this.#announced;
    const fresh = known === undefined ? [] : unattended.filter(({ id }) => !known.has(id));
    // eslint-disable-next-line svelte/prefer-svelte-reactivity -- no view reads it
    this.#announced = new Set(unattended.map(({ id }) => id));
    this.#frame(fresh, now);
    const severity = soundFor({ sound, fresh, unattended, quietMs: now - this.#soundedAt });
    if (severity === undefined) return;
    this.#soundedAt = now;
    this.#beep(severity === 'critical');
  }

  #frame(fresh: readonly Alert[], now: number): void {
    const critical = fresh.filter(({ severity }) => severity === 'critical');
    for (const { device_id } of critical) this.#framedUntil.set(device_id, now + FRAMED_MS);
    if (critical.length > 0)
      this.words = `Critical: ${critical.map(({ device_name }) => device_name).join(', ')}`;
    let changed = critical.length > 0;
    for (const [id, until] of this.#framedUntil) {
      if (now < until) continue;
      this.#framedUntil.delete(id);
      changed = true;
    }
    if (changed) this.fresh = [...this.#framedUntil.keys()];
  }
}
