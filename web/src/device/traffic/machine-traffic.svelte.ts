/** The quotas of one machine, read again once a minute while the page is seen. */
import type { MachineQuota, Quota } from '#protocol/traffic.ts';
import type { Api } from '../../api/api.ts';
import { Resource } from '../../stores/resource.svelte.ts';

const EVERY_MS = 60_000;
/** While something has not been worked out yet, it is asked for again soon. */
const SOON_MS = 1500;

export interface StandingQuota {
  readonly quota: Quota;
  readonly of: MachineQuota;
}

export class MachineTraffic {
  readonly id: string;
  readonly resource: Resource<readonly StandingQuota[]>;
  readonly #api: Pick<Api, 'traffic'>;
  #next: () => Promise<void> = () => this.resource.load();

  constructor({ id, api }: { readonly id: string; readonly api: Pick<Api, 'traffic'> }) {
    this.id = id;
    this.#api = api;
    this.resource = new Resource(async (signal) => {
      const { quotas, machines } = await this.#api.traffic.quotas(id, signal);
      return machines.flatMap((of) => {
        const quota = quotas.find((each) => each.id === of.quota_id);
        return quota === undefined ? [] : [{ quota, of }];
      });
    });
  }

  get quotas(): readonly StandingQuota[] {
    return this.resource.value ?? [];
  }

  /** Reads them now and again and again, until the returned function is called. */
  follow(): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let stopped = false;
    const next = async () => {
      clearTimeout(timer);
      if (document.visibilityState === 'visible') await this.resource.load();
      clearTimeout(timer);
      const waits = this.quotas.some(({ of }) => of.standing === null);
      if (!stopped) timer = setTimeout(() => void next(), waits ? SOON_MS : EVERY_MS);
    };
    this.#next = next;
    void next();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }

  /** Reads them now, and again soon where that shows something that is not worked out yet. */
  changed(): void {
    void this.#next();
  }
}
