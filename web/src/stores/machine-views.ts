/**
 * What pages show of machines beside the fleet: one machine in detail, and values queries. The page to sign in does not
 * load this code, so the app has it only once a page asks for it.
 */
import { valuesKey, type ValuesQuery } from '#protocol/values.ts';
import type { Api } from '../api/api.ts';
import type { Live } from '../live/live.svelte.ts';
import { DeviceView } from './device.svelte.ts';
import { ValuesView } from './values.svelte.ts';

/** The part of the app that this needs. */
interface Holder {
  readonly api: Api;
  readonly live: Live;
  machineViews: MachineViews | undefined;
}

export class MachineViews {
  readonly #api: Api;
  readonly #live: Live;
  /** One for each device that was ever shown; those that no view shows now are empty. */
  readonly #devices = new Map<string, DeviceView>();
  /** One for each query that was ever shown, by its key; those that no view shows now are empty. */
  readonly #queries = new Map<string, ValuesView>();

  constructor({ api, live }: Pick<Holder, 'api' | 'live'>) {
    this.#api = api;
    this.#live = live;
  }

  /** One device, the same object for every view that shows it. Follow it while it is shown. */
  device(id: string): DeviceView {
    const known = this.#devices.get(id);
    if (known) return known;
    const device = new DeviceView({ id, api: this.#api, live: this.#live });
    this.#devices.set(id, device);
    return device;
  }

  /** The same object for every view with this query. Follow it while it is shown. */
  values(query: ValuesQuery): ValuesView {
    const key = valuesKey(query);
    const known = this.#queries.get(key);
    if (known) return known;
    const view = new ValuesView(query, this.#live);
    this.#queries.set(key, view);
    return view;
  }
}

/** The views of machines that all pages of the app share. */
export function machineViews(app: Holder): MachineViews {
  return (app.machineViews ??= new MachineViews(app));
}
