/** One device in detail: what it is and its last minutes, kept from the room `device:<id>`. */
import type { DeviceDetail } from '#protocol/api.ts';
import { deviceChange, deviceSnapshot, type DeviceChange } from '#protocol/live.ts';
import type { Api } from '../api/api.ts';
import { LIVE_WINDOW_MS } from '../charts/range.ts';
import { freshness, type Freshness } from './freshness.ts';
import type { Live } from '../live/live.svelte.ts';
import { DrawnFields } from './drawn-fields.svelte.ts';
import { SampleWindow } from './samples.ts';
import { Views } from './views.ts';

/** The width of a bucket of the last minutes' history, milliseconds. */
const STEP_MS = 1000;

/**
 * - `loading`: no snapshot yet.
 * - `ready`: `device` is known.
 * - `missing`: there is no such device, or it was removed.
 */
type DeviceState = 'loading' | 'ready' | 'missing';

export class DeviceView {
  readonly id: string;
  state: DeviceState = $state('loading');
  device: DeviceDetail | undefined = $state.raw();
  /** The current sample's values by field; until a sample comes, those of the snapshot. */
  latest: Readonly<Record<string, number>> = $state.raw({});
  /** The current sample's own time. */
  sampledAt: number | null = $state(null);
  /** When its last push arrived, by the server's clock; null before the first. */
  seenAt: number | null = $state(null);
  /** The last minutes, without signals of their own: a view that reads `version` too is updated with new samples. */
  readonly samples = new SampleWindow(LIVE_WINDOW_MS);
  version: number = $state(0);
  /** The fields whose last minutes are fetched from the history, and how that goes. */
  readonly drawn = new DrawnFields({
    fetch: (fields, signal) => this.#loadHistory(fields, signal),
    buckets: () => LIVE_WINDOW_MS / STEP_MS,
  });
  readonly #api: Api;
  readonly #live: Live;
  // No lingering: while a device is watched, its agent pushes every second.
  readonly #views = new Views({ start: () => this.#start(), lingerMs: 0 });

  constructor({ id, api, live }: { id: string; api: Api; live: Live }) {
    this.id = id;
    this.#api = api;
    this.#live = live;
  }

  /** Milliseconds since the last push, by the server's clock, updated once a second; null before the first. */
  get age(): number | null {
    return this.seenAt === null ? null : Math.max(0, this.#live.now - this.seenAt);
  }

  /** Whether the values may be shown as live; undefined before the snapshot. */
  get freshness(): Freshness | undefined {
    if (!this.device) return undefined;
    return freshness({
      status: this.device.status,
      link: this.#live.link,
      ageMs: this.age,
      intervalS: this.device.interval_s,
    });
  }

  /** Keeps the device current for one view until the returned function is called. */
  follow(): () => void {
    return this.#views.add();
  }

  async #loadHistory(fields: readonly string[], signal: AbortSignal): Promise<void> {
    // Before the snapshot the server's time is not known; its arrival has everything fetched again.
    if (this.state !== 'ready') return;
    const to = Math.ceil(this.#live.serverNow() / STEP_MS) * STEP_MS;
    const asked = { from: to - LIVE_WINDOW_MS, to, step: STEP_MS, fields };
    const reply = await this.#api.series(this.id, asked, signal);
    if (signal.aborted) return;
    this.samples.addHistory(reply);
    this.version++;
  }

  #start(): () => void {
    const leave = this.#live.follow(
      `device:${this.id}`,
      { snapshot: deviceSnapshot, change: deviceChange },
      {
        snapshot: ({ device }) => {
          this.#show(device);
          this.latest = device.metrics;
          this.sampledAt = device.sampled_at;
          this.state = 'ready';
          this.drawn.renew();
        },
        change: (change, at) => this.#apply(change, at),
        missing: () => {
          this.state = 'missing';
        },
      },
    );
    return () => {
      leave();
      this.drawn.stop();
      this.#forget();
    };
  }

  /** Forgets everything: what happens while no view shows the device is missed, so what is known grows old. */
  #forget(): void {
    this.state = 'loading';
    this.device = undefined;
    this.latest = {};
    this.sampledAt = null;
    this.seenAt = null;
    this.samples.clear();
    this.version++;
  }

  #show(device: DeviceDetail): void {
    this.device = device;
    this.seenAt = device.last_seen;
  }

  #apply({ device, samples, removed }: DeviceChange, at: number): void {
    if (removed) {
      this.state = 'missing';
      return;
    }
    if (device) this.#show(device);
    const last = samples?.t.at(-1);
    if (!samples || last === undefined) return;
    this.samples.add(samples);
    this.seenAt = at;
    // [F3] What came last is current, also when a clock was set back.
    this.sampledAt = last;
    this.latest = lastRow(samples.fields);
    this.version++;
  }
}

function lastRow(fields: Readonly<Record<string, readonly (number | null)[]>>): Record<string, number> {
  const row: Record<string, number> = {};
  for (const name in fields) {
    const value = fields[name]?.at(-1);
    if (value !== null && value !== undefined) row[name] = value;
  }
  return row;
}
