/**
 * [S5] Who has opened which of the values queries, and whether one more may be opened: VALUES_LIMITS bounds their number
 * and their work. This is judged when a query is opened. Those that are open go on where machines join afterwards; their
 * work counts as it is then, so that fewer new ones are opened.
 */
import { VALUES_LIMITS } from '#protocol/values.ts';

/** An open query. */
interface Working {
  /** How many values it looks for each time that all of its machines push. */
  readonly work: number;
}

export class ValuesShares {
  readonly #openers = new Map<Working, string>();

  /** Whether this session, or display link, may open one more query, of this work where that is known already. */
  hasRoom(opener: string, work = 0): boolean {
    let [rooms, all, own] = [0, work, work];
    for (const [query, by] of this.#openers) {
      all += query.work;
      if (by !== opener) continue;
      rooms += 1;
      own += query.work;
    }
    const { rooms: most, roomsOfOne, work: mostWork, workOfOne } = VALUES_LIMITS;
    return this.#openers.size < most && rooms < roomsOfOne && all <= mostWork && own <= workOfOne;
  }

  add(query: Working, opener: string): void {
    this.#openers.set(query, opener);
  }

  remove(query: Working): void {
    this.#openers.delete(query);
  }
}
