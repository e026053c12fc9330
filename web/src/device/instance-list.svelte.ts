/** [L6] The instances of one section that are shown: the first ones in an order, of those that are searched for. */
import { SCALAR_KIND, type ListedInstance } from '#protocol/device-fields.ts';
import type { Api } from '../api/api.ts';
import { errorMessage } from '../api/request.ts';

/** So many instances are shown at first, and so many more each time the rest is asked for. */
const FIRST = 12;
const MORE = 48;
/** A search waits this long for the next letter, milliseconds. */
const TYPING_MS = 200;

interface InstanceListParts {
  readonly id: string;
  readonly kind: string;
  readonly api: Pick<Api, 'deviceFields'>;
  /** Whether what only the history has is listed, too. */
  readonly past: () => boolean;
  /** What is searched for at first. */
  readonly search: string;
  /** The field by which they are ranked at first; empty: by name. */
  readonly by: string;
}

export class InstanceList {
  instances: readonly ListedInstance[] = $state.raw([]);
  /** How many there are that fit the search. */
  total: number = $state(0);
  loaded: boolean = $state(false);
  /** Why they could not be read, for a person; empty where they could. */
  problem: string = $state('');
  search: string = $state('');
  by: string = $state('');
  #top: number = $state(FIRST);
  readonly #parts: InstanceListParts;
  #asking = new AbortController();
  #typing: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: InstanceListParts) {
    this.#parts = parts;
    this.search = parts.search;
    this.by = parts.by;
  }

  /** How many more the next press of the button shows. */
  get next(): number {
    return Math.min(MORE, Math.max(0, this.total - this.#top));
  }

  /** Reads the list now; the returned function ends that. The order stays until it is read again. */
  start(): () => void {
    void this.load();
    return () => {
      clearTimeout(this.#typing);
      this.#asking.abort();
    };
  }

  find(search: string): void {
    this.search = search;
    this.#top = FIRST;
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => void this.load(), TYPING_MS);
  }

  rankBy(by: string): void {
    this.by = by;
    void this.load();
  }

  more(): void {
    this.#top += MORE;
    void this.load();
  }

  readonly load = async (): Promise<void> => {
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const { id, api, kind, past } = this.#parts;
    try {
      const { instances, total } = await api.deviceFields(
        id,
        {
          kind,
          top: this.#top,
          ...(this.search !== '' && { search: this.search }),
          ...(this.by !== '' && { by: this.by }),
          ...(kind === SCALAR_KIND && { custom: true }),
          ...(past() && { past: true }),
        },
        signal,
      );
      if (signal.aborted) return;
      this.instances = instances;
      this.total = total;
      this.loaded = true;
      this.problem = '';
    } catch (error) {
      if (!signal.aborted) this.problem = errorMessage(error);
    }
  };
}
