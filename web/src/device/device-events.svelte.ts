/** What happened to one machine in the time that its page shows, read again as time goes on. */
import type { MachineEvent } from '#protocol/events.ts';
import type { Api } from '../api/api.ts';
import { widthOf, type TimeRange } from '../charts/range.ts';
import { Resource } from '../stores/resource.svelte.ts';

const EVERY_MS = 30_000;
const MOST = 500;

interface DeviceEventsParts {
  readonly id: string;
  readonly api: Api;
  readonly now: () => number;
}

export class DeviceEvents {
  #range: TimeRange | undefined;
  readonly #events: Resource<readonly MachineEvent[]>;

  constructor({ id, api, now }: DeviceEventsParts) {
    const scope = { devices: [id], tags: [], name: '' };
    this.#events = new Resource((signal) => {
      const range = this.#range;
      // A live page lists the newest of all times.
      if (range === undefined || range.kind === 'live')
        return api.history.events({ scope, limit: MOST }, signal);
      const ends = range.kind === 'fixed' ? range : { from: now() - widthOf(range), to: now() };
      return api.history.events({ scope, from: ends.from, to: ends.to, limit: MOST }, signal);
    });
  }

  /** Newest first. */
  get list(): readonly MachineEvent[] {
    return this.#events.value ?? [];
  }

  get loaded(): boolean {
    return this.#events.value !== undefined;
  }

  get problem(): string | undefined {
    return this.#events.problem;
  }

  readonly load = (): void => void this.#events.load();

  /** Reads the events of the range now and again and again, until the returned function is called. */
  follow(range: TimeRange): () => void {
    this.#range = range;
    const stop = this.#events.start();
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') this.load();
    }, EVERY_MS);
    return () => {
      clearInterval(timer);
      stop();
    };
  }
}
