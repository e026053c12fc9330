/**
 * [L6] Which kinds of fields a machine has, and of each kind the few instances that matter most: what its page says of
 * sections that are closed. It is read again every few seconds while the page is seen.
 */
import { SCALAR_KIND, type FieldKind, type ListedInstance } from '#protocol/device-fields.ts';
import type { Api } from '../api/api.ts';
import { errorMessage } from '../api/request.ts';
import { sectionsOf, type Section } from './section-kinds.ts';

const EVERY_MS = 10_000;
/** So many instances are read of each kind, and of so many kinds. */
const FIRST = 6;
const KINDS = 30;
/** So many of the machine's own scalars are read, for an overview that would be empty without them. */
const SCALARS = 60;

const NONE: ReadonlyMap<string, readonly ListedInstance[]> = new Map();

interface CatalogueParts {
  readonly id: string;
  readonly api: Pick<Api, 'deviceFields'>;
  /** Whether what only the history has counts, too. */
  readonly past: () => boolean;
}

export class FieldCatalogue {
  kinds: readonly FieldKind[] = $state.raw([]);
  /** Kind → its instances that matter most, the first one first. */
  first: ReadonlyMap<string, readonly ListedInstance[]> = $state.raw(NONE);
  /** Names of scalars: those that Watchfloor's agent does not have, as far as they were read. */
  scalars: readonly string[] = $state.raw([]);
  loaded: boolean = $state(false);
  /** Why it could not be read, for a person; empty where it could. */
  problem: string = $state('');
  readonly sections: readonly Section[] = $derived(sectionsOf(this.kinds));
  readonly #parts: CatalogueParts;

  constructor(parts: CatalogueParts) {
    this.#parts = parts;
  }

  /** Reads it now and again and again, until the returned function is called. */
  follow(): () => void {
    const asking = new AbortController();
    const load = () => void this.#load(asking.signal);
    load();
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') load();
    }, EVERY_MS);
    return () => {
      asking.abort();
      clearInterval(timer);
    };
  }

  async #load(signal: AbortSignal): Promise<void> {
    const { id, api, past } = this.#parts;
    const query = past() ? { past: true } : {};
    try {
      const own = { ...query, kind: SCALAR_KIND, custom: true, top: SCALARS };
      const { kinds, instances } = await api.deviceFields(id, own, signal);
      const ranked = sectionsOf(kinds)
        .filter(({ ranks }) => ranks.length > 0)
        .slice(0, KINDS);
      const replies = await Promise.all(
        ranked.map(async ({ kind, ranks: [by = ''] }) => {
          const reply = await api.deviceFields(id, { kind, by, top: FIRST }, signal);
          return [kind, reply.instances] as const;
        }),
      );
      if (signal.aborted) return;
      this.kinds = kinds;
      this.scalars = instances.map(({ instance }) => instance);
      // eslint-disable-next-line svelte/prefer-svelte-reactivity -- never changed: `first` is replaced with it
      this.first = new Map(replies);
      this.loaded = true;
      this.problem = '';
    } catch (error) {
      if (!signal.aborted) this.problem = errorMessage(error);
    }
  }
}
