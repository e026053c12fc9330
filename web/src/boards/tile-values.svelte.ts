/** The newest values of one tile's machines, and what is to be said about them. */
import { resolve } from '$app/paths';
import { inScope, type MachineScope } from '#protocol/machine-scope.ts';
import { alertsByDevice, deviceState } from '../fleet/device-state.ts';
import type { State } from '../ui/state.ts';
import type { App } from '../stores/app.svelte.ts';
import type { MachineValues } from './readings.ts';
import {
  ageNote,
  nobodyHere,
  nobodySends,
  removedNote,
  type TileMessage,
  type TileNote,
} from './tile-state-words.ts';

interface ValuesQuery {
  readonly scope: MachineScope;
  /** None: only the machines and their states. */
  readonly fields: readonly string[];
}

interface ValuesParts {
  readonly app: Pick<App, 'fleet' | 'live' | 'alerts'>;
  /** Whether a click on a tile leads somewhere. */
  readonly linked: boolean;
}

export class TileValues {
  readonly #parts: ValuesParts;
  readonly #query: ValuesQuery;

  readonly machines = $derived.by((): readonly MachineValues[] => {
    const { fleet } = this.#parts.app;
    return fleet.rows
      .filter(({ id, name, device }) => inScope(this.#query.scope, { id, name, tags: device.tags }))
      .map((row) => ({
        id: row.id,
        name: row.name,
        tags: row.device.tags,
        freshness: fleet.freshness(row),
        ageMs: row.seenAt === null ? null : Math.max(0, this.#parts.app.live.now - row.seenAt),
        values: { ...row.latest },
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
  }

  /** Keeps the values current until the returned function is called. */
  follow(): () => void {
    return this.#parts.app.fleet.follow();
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

  /** In the place of the tile's content: why there is none. `hasValues`: whether there is a value to show. */
  message(hasValues: boolean): TileMessage | undefined {
    if (!this.#parts.app.fleet.ready) return { title: 'Loading…', hint: '' };
    if (this.machines.length === 0) return nobodyHere(this.#query.scope, (id) => this.#known.has(id));
    return hasValues ? undefined : nobodySends(this.#query.fields, this.machines);
  }
}
