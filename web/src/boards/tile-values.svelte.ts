/** The newest values of one tile's machines, and what is to be said about them. */
import { resolve } from '$app/paths';
import type { ValuesQuery } from '#protocol/values.ts';
import { alertsByDevice, deviceState } from '../fleet/device-state.ts';
import { machineViews } from '../stores/machine-views.ts';
import type { ValuesView } from '../stores/values.svelte.ts';
import type { State } from '../ui/state.ts';
import type { App } from '../stores/app.svelte.ts';
import type { MachineValues } from './readings.ts';
import {
  ageNote,
  nobodyHere,
  nobodySends,
  refusedMessage,
  removedNote,
  type TileMessage,
  type TileNote,
} from './tile-state-words.ts';

/** Values of so many machines are drawn with each message. */
const AT_ONCE = 200;

interface ValuesParts {
  readonly app: App;
  /** Whether a click on a tile leads somewhere. */
  readonly linked: boolean;
}

export class TileValues {
  readonly #parts: ValuesParts;
  readonly #query: ValuesQuery;
  readonly #view: ValuesView;

  readonly machines = $derived.by((): readonly MachineValues[] => {
    const view = this.#view;
    // Of many machines there is always a new value: they are drawn once a second, when the clock moves on.
    if (view.machines.length <= AT_ONCE) void view.version;
    const { now } = this.#parts.app.live;
    return view.machines.map((machine) => ({
      id: machine.id,
      name: machine.device.name,
      tags: machine.device.tags,
      freshness: view.freshness(machine),
      ageMs: machine.seenAt === null ? null : Math.max(0, now - machine.seenAt),
      values: machine.latest,
    }));
  });
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- never changed: the whole map is derived
  readonly #known = $derived.by(() => new Map(this.machines.map((machine) => [machine.id, machine.name])));
  readonly #removed = $derived.by(() => removedNote(this.#query.scope, (id) => this.#known.has(id)));

  /** The machines with the state that each is shown in. */
  readonly states = $derived.by((): readonly (MachineValues & { readonly state: State })[] => {
    const alerts = alertsByDevice(this.#parts.app.alerts.active);
    return this.machines.map((machine) => ({
      ...machine,
      state: deviceState(machine.freshness, alerts.get(machine.id)?.worst),
    }));
  });
  /** [L4] What is to be known about the age of the values. */
  readonly note: TileNote | undefined = $derived.by(
    () => this.linkNote ?? ageNote(this.machines) ?? this.#removed,
  );
  /** [L4] The same for a tile that shows each machine's state anyway: only the link is left to tell of. */
  readonly linkNote: TileNote | undefined = $derived.by(() =>
    this.#parts.app.live.link === 'live' ? this.#removed : { state: 'stale', text: 'Not live' },
  );

  constructor(parts: ValuesParts, query: ValuesQuery) {
    this.#parts = parts;
    this.#query = query;
    this.#view = machineViews(parts.app).values(query);
  }

  /** Keeps the values current until the returned function is called. */
  follow(): () => void {
    return this.#view.follow();
  }

  /** Whether no value is current. */
  get old(): boolean {
    return this.machines.length > 0 && this.machines.every(({ freshness }) => freshness !== 'live');
  }

  has(deviceId: string): boolean {
    return this.#known.has(deviceId);
  }

  /** The page of the machine, where there is one machine only and a click leads somewhere. */
  get href(): string | undefined {
    const [only] = this.machines;
    if (!only || this.machines.length > 1 || !this.#parts.linked) return undefined;
    return resolve('/devices/[id]', { id: only.id });
  }

  readonly nameOf = (deviceId: string): string => this.#known.get(deviceId) ?? 'Removed machine';

  /** As `message`, for a tile that shows alerts or states: without the alerts, every machine would seem well [L4]. */
  get alertsMessage(): TileMessage | undefined {
    return this.#parts.app.alerts.ready ? this.message(true) : { title: 'Loading…', hint: '' };
  }

  /** In the place of the tile's content: why there is none. `hasValues`: whether there is a value to show. */
  message(hasValues: boolean): TileMessage | undefined {
    const { state } = this.#view;
    if (state === 'loading') return { title: 'Loading…', hint: '' };
    if (state !== 'ready') return refusedMessage(state);
    if (this.machines.length === 0) return nobodyHere(this.#query.scope, (id) => this.#known.has(id));
    return hasValues ? undefined : nobodySends(this.#query.fields, this.machines);
  }
}
