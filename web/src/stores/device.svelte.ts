/**
 * One device in detail: what it is, kept from the room `device:<id>`, and the last minutes of the fields that views of it
 * show, kept from values queries [L6].
 */
import type { DeviceDetail } from '#protocol/api.ts';
import type { MachineFields } from '#protocol/device-fields.ts';
import { deviceChange, deviceSnapshot, type DeviceChange } from '#protocol/live.ts';
import type { SampleColumns } from '#protocol/sample-columns.ts';
import type { Api } from '../api/api.ts';
import { LIVE_WINDOW_MS } from '../charts/range.ts';
import { freshness, type Freshness } from './freshness.ts';
import type { Live } from '../live/live.svelte.ts';
import { DrawnFields } from './drawn-fields.svelte.ts';
import { LiveFields } from './live-fields.ts';
import { SampleWindow } from './samples.ts';
import { Views } from './views.ts';

/** A field that no chart draws any more stays on the wire for so long, milliseconds, in case it is scrolled back to. */
const FORGET_MS = 10_000;
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
  /** Which fields it has, in short; `version` changes when fields come or go. */
  fields: MachineFields | undefined = $state.raw();
  /** The current sample's values, of the fields that are shown or drawn. */
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
    // Before the snapshot the server's time is not known. What is fetched reaches to where the live samples begin.
    isReady: (field) => this.state === 'ready' && this.#wire.covers(field),
    changed: () => this.#wire.changed(),
    forgetMs: FORGET_MS,
  });
  /** Fields whose newest values are shown, with how many views show them. */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- no view reads it
  readonly #shown = new Map<string, number>();
  readonly #wire: LiveFields;
  readonly #api: Api;
  readonly #live: Live;
  // No lingering: while a device is watched, its agent pushes every second.
  readonly #views = new Views({ start: () => this.#start(), lingerMs: 0 });

  constructor({ id, api, live }: { id: string; api: Api; live: Live }) {
    this.id = id;
    this.#api = api;
    this.#live = live;
    this.#wire = new LiveFields({
      live,
      deviceId: id,
      wanted: () => [...this.#shown.keys(), ...this.drawn.fields],
      samples: (added, at) => this.#add(added, at),
      came: () => {
        this.latest = this.#wire.latest;
        this.drawn.more();
      },
      gap: () => this.drawn.renew(),
    });
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

  /**
   * Keeps the newest values of these fields in `latest` until the returned function is called. Patterns with `*` for the
   * instance are welcome.
   */
  show(fields: readonly string[]): () => void {
    for (const field of fields) this.#shown.set(field, (this.#shown.get(field) ?? 0) + 1);
    this.#wire.changed();
    let shown = true;
    return () => {
      if (shown) for (const field of fields) this.#hide(field);
      shown = false;
    };
  }

  #hide(field: string): void {
    const left = (this.#shown.get(field) ?? 1) - 1;
    if (left > 0) this.#shown.set(field, left);
    else this.#shown.delete(field);
    this.#wire.changed();
  }

  async #loadHistory(fields: readonly string[], signal: AbortSignal): Promise<void> {
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
        snapshot: (snapshot) => {
          this.#show(snapshot);
          this.sampledAt ??= snapshot.device.sampled_at;
          const isFirst = this.state !== 'ready';
          this.state = 'ready';
          // What views drew before was forgotten when the last of them left.
          if (isFirst) this.drawn.renew();
        },
        change: (change) => this.#apply(change),
        missing: () => {
          this.state = 'missing';
        },
      },
    );
    this.#wire.start();
    return () => {
      leave();
      this.#wire.stop();
      this.drawn.stop();
      this.#forget();
    };
  }

  /** Forgets everything: what happens while no view shows the device is missed, so what is known grows old. */
  #forget(): void {
    this.state = 'loading';
    this.device = undefined;
    this.fields = undefined;
    this.latest = {};
    this.sampledAt = null;
    this.seenAt = null;
    this.samples.clear();
    this.version++;
  }

  #show({ device, fields }: DeviceChange): void {
    if (device) {
      this.device = device;
      this.seenAt = device.last_seen;
    }
    if (fields) this.fields = fields;
  }

  #apply(change: DeviceChange): void {
    if (change.removed) this.state = 'missing';
    else this.#show(change);
  }

  #add(added: SampleColumns, at: number): void {
    const last = added.t.at(-1);
    if (last === undefined) return;
    this.samples.add(added);
    this.seenAt = at;
    // [F3] What came last is current, also when a clock was set back.
    this.sampledAt = last;
    this.latest = this.#wire.latest;
    this.version++;
  }
}
