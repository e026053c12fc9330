import type { Fleet, FleetRow } from '../stores/fleet.svelte.ts';
import { holdStill, listed, NameOrder, sectionsOf, type RowFacts, type Section } from './fleet-order.ts';
import type { FleetQuery } from './fleet-query.ts';

/**
 * The machines of the fleet's page in the order and the groups that were asked for. They stay in place while somebody
 * points at them.
 */
export class FleetList {
  sections: readonly Section<FleetRow>[] = $state.raw([]);
  /** The machines that the query finds, each once. */
  shown: readonly FleetRow[] = $state.raw([]);
  /** Whether somebody points at the list or has the focus in it. */
  held: boolean = $state(false);
  readonly #fleet: Fleet;
  readonly #facts: RowFacts<FleetRow>;
  readonly #names = new NameOrder();
  #query: FleetQuery | undefined;

  constructor(fleet: Fleet, facts: RowFacts<FleetRow>) {
    this.#fleet = fleet;
    this.#facts = facts;
  }

  /** The rows or the query changed: a new query sorts the list; without one, rows keep their places while it is held. */
  arrange(query: FleetQuery): void {
    const wanted = listed(this.#fleet.rows, query, this.#facts, this.#names);
    const asked = query !== this.#query;
    this.#query = query;
    this.#show(asked || !this.held ? wanted : holdStill(this.shown, wanted), query);
  }

  /** Sorts the rows again, unless the list is held. */
  reorder(): void {
    if (this.held || !this.#query) return;
    const wanted = listed(this.#fleet.rows, this.#query, this.#facts, this.#names);
    const same = wanted.length === this.shown.length && wanted.every((row, i) => row === this.shown[i]);
    if (!same) this.#show(wanted, this.#query);
  }

  #show(rows: readonly FleetRow[], { group, sort }: FleetQuery): void {
    this.shown = rows;
    this.sections = sectionsOf(rows, group, this.#facts.stateOf, sort === 'status');
  }
}
