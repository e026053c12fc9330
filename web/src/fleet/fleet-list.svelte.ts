import type { Fleet, FleetRow } from '../stores/fleet.svelte.ts';
import type { State } from '../ui/state.ts';
import { listed, settled, type ListQuery } from './list-query.ts';

/** The rows as they stand on the page: in the asked order, and still while somebody points at them. */
export class FleetList {
  shown: readonly FleetRow[] = $state.raw([]);
  /** Somebody points at the list, or is in it with the keyboard. */
  held: boolean = $state(false);
  readonly #fleet: Fleet;
  readonly #stateOf: (row: FleetRow) => State;
  #query: ListQuery | undefined;

  constructor(fleet: Fleet, stateOf: (row: FleetRow) => State) {
    this.#fleet = fleet;
    this.#stateOf = stateOf;
  }

  /** The rows or the query changed: sorts when it was asked to, else keeps every row's place while held. */
  arrange(query: ListQuery): void {
    const wanted = listed(this.#fleet.rows, query, this.#stateOf);
    const asked = query !== this.#query;
    this.#query = query;
    this.shown = asked || !this.held ? wanted : settled(this.shown, wanted);
  }

  /** In a pause: brings the rows back into order, unless somebody would lose the one under the pointer. */
  ease(): void {
    if (this.held || !this.#query) return;
    const wanted = listed(this.#fleet.rows, this.#query, this.#stateOf);
    const same = wanted.length === this.shown.length && wanted.every((row, i) => row === this.shown[i]);
    if (!same) this.shown = wanted;
  }
}
