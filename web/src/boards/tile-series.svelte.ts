/** Values over time for one tile, read from the history again as time goes on. */
import { untrack } from 'svelte';
import type { MachineScope } from '#protocol/machine-scope.ts';
import type { ManySeriesReply } from '#protocol/series.ts';
import { errorMessage } from '../api/request.ts';
import { stepFor } from '../charts/range.ts';
import type { Api } from '../api/api.ts';

export interface SeriesQuery {
  readonly scope: MachineScope;
  readonly fields: readonly string[];
  /** So many lines, those with the largest mean. */
  readonly top: number;
  /** The tile's own range, milliseconds. */
  readonly rangeMs: number;
  /** At most so many points a line. */
  readonly points: number;
}

/** What reads of the history need: of a board, as it is shown. */
export interface PastParts {
  readonly history: Api['history'];
  /** The time that a tile of this own range shows, epoch milliseconds. */
  readonly ends: (rangeMs: number) => { readonly from: number; readonly to: number };
}

export class TileSeries {
  /** What was read last. It stays while it is read again, and when that fails. */
  reply: ManySeriesReply | undefined = $state.raw();
  /** Why the history could not be read, for a person; empty where it could. */
  problem: string = $state('');
  readonly #parts: PastParts;
  readonly #query: SeriesQuery;
  readonly #from = $derived.by(() => this.#parts.ends(this.#query.rangeMs).from);
  readonly #to = $derived.by(() => this.#parts.ends(this.#query.rangeMs).to);
  #asked = '';

  constructor(parts: PastParts, query: SeriesQuery) {
    this.#parts = parts;
    this.#query = query;
  }

  /** The ends of the time axis, epoch milliseconds. */
  get from(): number {
    return this.#from;
  }

  get to(): number {
    return this.#to;
  }

  /** Reads what is shown now, unless that was read already. For an effect, which runs again when the time moves on. */
  readonly follow = (): void => {
    const [from, to] = [this.#from, this.#to];
    untrack(() => void this.#read(from, to));
  };

  async #read(from: number, to: number): Promise<void> {
    const key = `${from}-${to}`;
    // Nobody sees a hidden page; it is read again at the next turn.
    if (this.#asked === key || (this.reply !== undefined && document.visibilityState === 'hidden')) return;
    this.#asked = key;
    const { scope, fields, top, points } = this.#query;
    try {
      const step = stepFor(to - from, points);
      const reply = await this.#parts.history.manySeries({ scope, fields, top, from, to, step });
      if (this.#asked !== key) return;
      this.reply = reply;
      this.problem = '';
    } catch (error) {
      if (this.#asked === key) this.problem = errorMessage(error);
    }
  }
}
