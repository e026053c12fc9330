/** Which machines joined since a moment: what the page shows while somebody adds one. */
import type { Fleet, FleetRow } from '../../stores/fleet.svelte.ts';

export class Joining {
  readonly #fleet: Fleet;
  /** The machines that were there before; undefined while nobody waits. */
  #before: ReadonlySet<string> | undefined = $state.raw();

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  get begun(): boolean {
    return this.#before !== undefined;
  }

  /** Machines from now on are new. Call once the fleet is ready. */
  begin(): void {
    // eslint-disable-next-line svelte/prefer-svelte-reactivity -- never changed, only replaced
    this.#before = new Set(this.#fleet.rows.map(({ id }) => id));
  }

  end(): void {
    this.#before = undefined;
  }

  /** The new machines, the first first. */
  get joined(): readonly FleetRow[] {
    const before = this.#before;
    return before === undefined ? [] : this.#fleet.rows.filter(({ id }) => !before.has(id));
  }
}
