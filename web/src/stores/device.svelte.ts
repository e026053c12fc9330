/** One device in detail: what it is and its last minutes, kept from the room `device:<id>`. */
import type { DeviceDetail } from '#protocol/api.ts';
import { deviceChange, deviceSnapshot, type DeviceChange } from '#protocol/live.ts';
import type { Api } from '../api/api.ts';
import { LIVE_WINDOW_MS } from '../charts/range.ts';
import { freshness, type Freshness } from './freshness.ts';
import type { Live } from '../live/live.svelte.ts';
import { errorMessage } from '../api/request.ts';
import { SampleWindow } from './samples.ts';
import { Views } from './views.ts';

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
  /** The newest sample's values by field; until a sample comes, those of the snapshot. */
  latest: Readonly<Record<string, number>> = $state.raw({});
  /** The newest sample's own time. */
  sampledAt: number | null = $state(null);
  /** When its last push arrived, by the server's clock; null before the first. */
  seenAt: number | null = $state(null);
  /** The last minutes, without signals of their own: a view that reads `version` too is updated with new samples. */
  readonly samples = new SampleWindow(LIVE_WINDOW_MS);
  version: number = $state(0);
  /** Whether `samples` reaches back to before the page was opened. */
  history: 'loading' | 'ready' | 'error' = $state('loading');
  /** Why the history could not be loaded, for a person. */
  problem: string | undefined = $state();
  readonly #api: Api;
  readonly #live: Live;
  // No lingering: while a device is watched, its agent pushes every second.
  readonly #views = new Views({ start: () => this.#start(), lingerMs: 0 });
  #asking: AbortController | undefined;

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

  /** Fetches the last minutes from the history: at the start, after a gap, and again after an error. Never rejects. */
  async loadHistory(): Promise<void> {
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    if (this.history !== 'ready') this.history = 'loading';
    const to = Math.ceil(this.#live.serverNow() / 1000) * 1000;
    try {
      const range = { from: to - LIVE_WINDOW_MS, to, step: 1000 };
      const reply = await this.#api.series(this.id, range, asking.signal);
      if (asking.signal.aborted) return;
      this.samples.addHistory(reply);
      this.history = 'ready';
      this.problem = undefined;
      this.version++;
    } catch (error) {
      if (asking.signal.aborted) return;
      this.history = 'error';
      this.problem = errorMessage(error);
    }
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
          void this.loadHistory();
        },
        change: (change, at) => this.#apply(change, at),
        missing: () => {
          this.state = 'missing';
        },
      },
    );
    return () => {
      leave();
      this.#asking?.abort();
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
    this.history = 'loading';
    this.problem = undefined;
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
    if (last >= (this.sampledAt ?? 0)) {
      this.sampledAt = last;
      this.latest = lastRow(samples.fields);
    }
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
