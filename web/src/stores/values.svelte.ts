/**
 * [L6] Values of some fields of several machines, for boards, walls and comparisons:
 *
 *     const values = $derived(machineViews(app).values({ scope, fields: ['cpu', 'mount:*:used'] }));
 *     $effect(() => values.follow({ windowMs: 5 * MINUTE }));
 *     …
 *     void values.version; // a view that reads it is updated with every message
 *     for (const machine of values.machines) draw(machine.latest, machine.samples);
 *
 * Views with the same query share one subscription.
 */
import type { SampleColumns } from '#protocol/sample-columns.ts';
import type { SubscribeRefusal } from '#protocol/live.ts';
import {
  valuesChange,
  valuesSnapshot,
  type ShownDevice,
  type ValuesChange,
  type ValuesDevice,
  type ValuesQuery,
  type ValuesSnapshot,
} from '#protocol/values.ts';
import type { Live } from '../live/live.svelte.ts';
import { freshness, type Freshness } from './freshness.ts';
import { lastRow, SampleWindow } from './samples.ts';
import { Views } from './views.ts';

/** A query is followed this much longer than its last view is there, so that going back shows it at once. */
const LINGER_MS = 2000;

/** One machine of a query, without signals of its own: the view's `version` tells of changes. */
export class MachineValues {
  device: ValuesDevice;
  /** The values of its current sample by field; those that it does not have are absent. */
  latest: Readonly<Record<string, number>> = {};
  /** The current sample's own time; null before the first. */
  sampledAt: number | null = null;
  /** When its last push arrived, by the server's clock; null before the first. */
  seenAt: number | null;
  /** The samples since the view began to follow, and what history is added to them, within its window. */
  readonly samples: SampleWindow;

  constructor(device: ValuesDevice, windowMs: number) {
    this.device = device;
    this.seenAt = device.last_seen;
    this.samples = new SampleWindow(windowMs);
  }

  get id(): string {
    return this.device.device_id;
  }

  /** Shows what the server says of it; `samples` are there in a snapshot, and when it has come into the scope. */
  show({ device, samples }: ShownDevice): void {
    this.device = device;
    this.seenAt = device.last_seen;
    if (samples) this.add(samples);
  }

  add(added: SampleColumns): void {
    const last = added.t.at(-1);
    if (last === undefined) return;
    this.latest = lastRow(added.fields);
    // [F3] What came last is current, also when a clock was set back.
    this.sampledAt = last;
    if (this.samples.windowMs > 0) this.samples.add(added);
  }
}

/**
 * - `loading`: no snapshot yet.
 * - `ready`: the machines are known.
 * - a code: why the server refuses the query.
 */
type ValuesState = 'loading' | 'ready' | SubscribeRefusal;

export class ValuesView {
  readonly query: ValuesQuery;
  state: ValuesState = $state('loading');
  /** In the server's order; replaced only when machines come or go. */
  machines: readonly MachineValues[] = $state.raw([]);
  /** Goes up with every message. */
  version: number = $state(0);
  /** Goes up with every snapshot: what happened before it may be missing in the samples. */
  snapshots: number = $state(0);
  readonly #live: Live;
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- `machines` and `version` tell of it
  readonly #byId = new Map<string, MachineValues>();
  readonly #views = new Views({ start: () => this.#start(), lingerMs: LINGER_MS });
  /** How far back samples are kept, milliseconds: the longest that a view asked for. */
  #windowMs = 0;

  constructor(query: ValuesQuery, live: Live) {
    this.query = query;
    this.#live = live;
  }

  get(deviceId: string): MachineValues | undefined {
    return this.#byId.get(deviceId);
  }

  /**
   * Keeps the view current until the returned function is called. `windowMs`: how far back its samples are kept; 0 keeps
   * the newest values only.
   */
  follow({ windowMs = 0 }: { windowMs?: number } = {}): () => void {
    this.#windowMs = Math.max(this.#windowMs, windowMs);
    for (const { samples } of this.#byId.values()) samples.windowMs = this.#windowMs;
    return this.#views.add();
  }

  /** Whether a machine's values may be shown as live, by the link, the machine and the clock. */
  freshness({ device, seenAt }: MachineValues): Freshness {
    return freshness({
      status: device.status,
      link: this.#live.link,
      ageMs: seenAt === null ? null : this.#live.now - seenAt,
      intervalS: device.interval_s,
    });
  }

  #start(): () => void {
    const leave = this.#live.follow(
      { values: this.query },
      { snapshot: valuesSnapshot, change: valuesChange },
      {
        snapshot: (data) => this.#replace(data),
        change: (data, at) => this.#apply(data, at),
        missing: (code) => {
          this.state = code;
        },
      },
    );
    return () => {
      leave();
      this.#byId.clear();
      this.#windowMs = 0;
      this.machines = [];
      this.state = 'loading';
    };
  }

  #replace({ shown }: ValuesSnapshot): void {
    // eslint-disable-next-line svelte/prefer-svelte-reactivity -- read here only
    const ids = new Set(shown.map(({ device }) => device.device_id));
    for (const id of [...this.#byId.keys()]) if (!ids.has(id)) this.#byId.delete(id);
    for (const one of shown) this.#put(one);
    this.machines = [...this.#byId.values()];
    this.state = 'ready';
    this.snapshots++;
    this.version++;
  }

  #apply({ removed = [], shown = [], values = [] }: ValuesChange, at: number): void {
    for (const id of removed) this.#byId.delete(id);
    const before = this.#byId.size;
    for (const one of shown) this.#put(one);
    if (removed.length > 0 || this.#byId.size !== before) this.machines = [...this.#byId.values()];
    for (const { id, ...samples } of values) {
      const machine = this.#byId.get(id);
      if (!machine) continue;
      machine.add(samples);
      machine.seenAt = at;
    }
    this.version++;
  }

  #put(one: ShownDevice): void {
    const known = this.#byId.get(one.device.device_id);
    const machine = known ?? new MachineValues(one.device, this.#windowMs);
    machine.show(one);
    if (!known) this.#byId.set(machine.id, machine);
  }
}
