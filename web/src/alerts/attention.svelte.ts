/**
 * Calls for attention in this browser: a sound, and a notification of the desktop, for each alert that newly needs
 * somebody. Both are off until somebody turns them on; what is chosen stays in this browser.
 */
import { createContext } from 'svelte';
import { alertReading, alertSubject } from '#protocol/alert-words.ts';
import type { Alert } from '#protocol/alerts.ts';
import { isUnattended } from '#protocol/alerts.ts';

/** The part of `localStorage` that is used; null where the browser forbids storage. */
type Memory = Pick<Storage, 'getItem' | 'setItem'> | null;

export interface Call {
  readonly critical: boolean;
  readonly title: string;
  readonly text: string;
  /** Of the alert, for one; empty for several. */
  readonly alertId: string;
}

/** What the browser does. */
export interface Signals {
  beep(critical: boolean): void;
  notify(call: Call): void;
  /** Resolves with whether notifications are allowed. */
  ask(): Promise<boolean>;
}

const KEY = 'watchfloor-attention';
/** At most one sound in so many milliseconds: an outage raises many alerts at once. */
const QUIET_MS = 3000;

function callFor(alerts: readonly Alert[]): Call | undefined {
  const [first] = alerts;
  if (first === undefined) return undefined;
  const critical = alerts.some(({ severity }) => severity === 'critical');
  const title = `${critical ? 'Critical' : 'Warning'}: ${
    alerts.length === 1 ? first.device_name : `${alerts.length} alerts`
  }`;
  const lines = alerts.slice(0, 3).map((alert) => `${alertSubject(alert)} ${alertReading(alert)}`);
  return { critical, title, text: lines.join('\n'), alertId: alerts.length === 1 ? first.id : '' };
}

export class Attention {
  sound: boolean = $state(false);
  desktop: boolean = $state(false);
  readonly #memory: Memory;
  readonly #signals: Signals;
  readonly #now: () => number;
  /** The alerts that called already, as long as they need somebody. */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- no view reads it
  readonly #called = new Set<string>();
  #soundedAt = -Infinity;

  constructor({ memory, signals, now }: { memory: Memory; signals: Signals; now: () => number }) {
    this.#memory = memory;
    this.#signals = signals;
    this.#now = now;
    const chosen = (memory?.getItem(KEY) ?? '').split(' ');
    this.sound = chosen.includes('sound');
    this.desktop = chosen.includes('desktop');
  }

  setSound(on: boolean): void {
    this.sound = on;
    this.#remember();
    // Heard at once, so that its volume can be set; and browsers allow sound only after a click.
    if (on) this.#signals.beep(false);
  }

  /** Resolves with false where the browser does not allow notifications. */
  async setDesktop(on: boolean): Promise<boolean> {
    this.desktop = on && (await this.#signals.ask());
    this.#remember();
    return this.desktop === on;
  }

  /** These alerts need somebody now, without a call: they did so before the page was opened. */
  know(alerts: readonly Alert[]): void {
    for (const alert of alerts) if (isUnattended(alert)) this.#called.add(alert.id);
  }

  /** Calls for those of the changed alerts that newly need somebody. */
  changed(alerts: readonly Alert[]): void {
    const fresh = alerts.filter((alert) => isUnattended(alert) && !this.#called.has(alert.id));
    for (const alert of alerts) if (!isUnattended(alert)) this.#called.delete(alert.id);
    for (const { id } of fresh) this.#called.add(id);
    const call = callFor(fresh);
    if (call === undefined) return;
    if (this.sound && this.#now() - this.#soundedAt >= QUIET_MS) {
      this.#soundedAt = this.#now();
      this.#signals.beep(call.critical);
    }
    if (this.desktop) this.#signals.notify(call);
  }

  #remember(): void {
    this.#memory?.setItem(KEY, [this.sound ? 'sound' : '', this.desktop ? 'desktop' : ''].join(' ').trim());
  }
}

/** What calls for attention; the shell provides it. */
export const [useAttention, provideAttention] = createContext<Attention>();
