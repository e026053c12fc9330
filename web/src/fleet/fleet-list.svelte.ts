import type { Fleet, FleetRow } from '../stores/fleet.svelte.ts';
import type { State } from '../ui/state.ts';
import { listed, holdStill, type ListQuery } from './list-query.ts';

/** The rows of the fleet's page in the order that was asked for. They stay in place while somebody points at them. */
export class FleetList {
  shown: readonly FleetRow[] = $state.raw([]);
  /** Whether somebody points at the list or has the focus in it. */
  held: boolean = $state(false);
  readonly #fleet: Fleet;
  readonly #stateOf: (row: FleetRow) => State;
  #query: ListQuery | undefined;

  constructor(fleet: Fleet, stateOf: (row: FleetRow) => State) {
    this.#fleet = fleet;
    this.#stateOf = stateOf;
  }

  /** The rows or the query changed: a new query sorts the list; without one, rows keep their places while it is held. */
  arrange(query: ListQuery): void {
    const wanted = listed(this.#fleet.rows, query, this.#stateOf);
    const asked = query !== this.#query;
    this.#query = query;
    this.shown = asked || !this.held ? wanted : holdStill(this.shown, wanted);
  }

  /** Sorts the rows again, unless the list is held. */
  reorder(): void {
    if (this.held || !this.#query) return;
    const wanted = listed(this.#fleet.rows, this.#query, this.#stateOf);
    const same = wanted.length === this.shown.length && wanted.every((row, i) => row === this.shown[i]);
    if (!same) this.shown = wanted;
  }
}
