/**
 * [S5] Whose password is hashed next. One hash takes a core for tens of milliseconds, so they run one at a time, and
 * what waits is bounded. Places that signed in before come first. Within each of the two groups the networks take
 * turns: one network's flood delays another network by one hash for each of its own.
 */
import { ApiError } from '#protocol/errors.ts';

/** Where a password comes from. */
export interface Place {
  /** Whether this account has signed in from here before, or is signed in. */
  readonly known: boolean;
  readonly network: string;
}

export interface Turns {
  /** Runs `work` when its turn comes. Rejects with ApiError overloaded when too many wait. */
  take<T>(place: Place, work: () => Promise<T>): Promise<T>;
}

/** Passwords that wait; all of them take about eight seconds. */
const MAX_WAITING = 256;

interface Waiting {
  readonly start: () => Promise<void>;
  readonly refuse: () => void;
}

/** What waits, by network. The first network in the map has the next turn. */
function createLine() {
  const networks = new Map<string, Waiting[]>();
  let size = 0;

  /** The network with the most waiting. */
  function longest(): Waiting[] {
    return [...networks.values()].reduce((a, b) => (b.length > a.length ? b : a), []);
  }

  return {
    add(network: string, waiting: Waiting): void {
      const own = networks.get(network) ?? [];
      if (size >= MAX_WAITING) {
        // The network that waits most gives up one of its turns, unless it is the one that asks.
        const most = longest();
        if (most.length <= own.length + 1) return waiting.refuse();
        most.pop()?.refuse();
        size--;
      }
      own.push(waiting);
      networks.set(network, own);
      size++;
    },
    next(): Waiting | undefined {
      const [first] = networks;
      if (first === undefined) return undefined;
      const [network, own] = first;
      const waiting = own.shift();
      networks.delete(network);
      if (own.length > 0) networks.set(network, own);
      size--;
      return waiting;
    },
  };
}

export function createTurns(): Turns {
  const known = createLine();
  const unknown = createLine();
  let running = false;
  const next = () => known.next() ?? unknown.next();

  async function runAll(): Promise<void> {
    if (running) return;
    running = true;
    for (let waiting = next(); waiting !== undefined; waiting = next()) await waiting.start();
    running = false;
  }

  return {
    take: (place, work) =>
      new Promise((resolve, reject) => {
        const line = place.known ? known : unknown;
        line.add(place.network, {
          start: async () => {
            try {
              resolve(await work());
            } catch (error) {
              reject(error);
            }
          },
          refuse: () => reject(new ApiError('overloaded', { retryAfterS: 5 })),
        });
        void runAll();
      }),
  };
}
