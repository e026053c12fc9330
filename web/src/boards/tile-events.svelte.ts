/** What happened to the machines of one tile, asked for again as time goes on. */
import { untrack } from 'svelte';
import type { MachineEvent } from '#protocol/events.ts';
import type { MachineScope } from '#protocol/machine-scope.ts';
import { errorMessage } from '../api/request.ts';
import type { PastParts } from './tile-series.svelte.ts';

interface EventQuery {
  readonly scope: MachineScope;
  /** The tile's own range, milliseconds. */
  readonly rangeMs: number;
}

/** More than fit into a tile. */
const MOST = 100;

export class TileEvents {
  /** The newest first; undefined before they were read. They stay while they are read again, and when that fails. */
  events: readonly MachineEvent[] | undefined = $state.raw();
  /** Why they could not be read, for a person; empty where they could. */
  problem: string = $state('');
  readonly #parts: PastParts;
  readonly #query: EventQuery;
  readonly #from = $derived.by(() => this.#parts.ends(this.#query.rangeMs).from);
  readonly #to = $derived.by(() => this.#parts.ends(this.#query.rangeMs).to);
  #asked = '';

  constructor(parts: PastParts, query: EventQuery) {
    this.#parts = parts;
    this.#query = query;
  }

  /** Reads what is shown now, unless that was read already. For an effect, which runs again when the time moves on. */
  readonly follow = (): void => {
    const [from, to] = [this.#from, this.#to];
    untrack(() => void this.#read(from, to));
  };

  async #read(from: number, to: number): Promise<void> {
    const key = `${from}-${to}`;
    if (this.#asked === key) return;
    this.#asked = key;
    try {
      const events = await this.#parts.history.events({
        scope: this.#query.scope,
        from,
        to,
        limit: MOST,
      });
      if (this.#asked !== key) return;
      this.events = events;
      this.problem = '';
    } catch (error) {
      if (this.#asked === key) this.problem = errorMessage(error);
    }
  }
}
