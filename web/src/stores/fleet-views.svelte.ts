/** The named views of the fleet that the person has: their own, and those that are shared. */
import type { FleetView, FleetViewPatch, NewFleetView } from '#protocol/fleet-views.ts';
import type { Api } from '../api/api.ts';

export class FleetViews {
  /** Sorted by name; undefined until the server has answered. */
  all: readonly FleetView[] | undefined = $state.raw();
  readonly #api: () => Pick<Api, 'fleetViews'>;

  constructor(api: () => Pick<Api, 'fleetViews'>) {
    this.#api = api;
  }

  get(id: string): FleetView | undefined {
    return this.all?.find((view) => view.id === id);
  }

  /** The one that the fleet's page opens with. */
  get start(): FleetView | undefined {
    return this.all?.find(({ start }) => start);
  }

  /** Asks the server, for a page that shows them. Never rejects: without an answer there are none to choose from. */
  async ask(): Promise<void> {
    try {
      this.all = await this.#api().fleetViews.list();
    } catch {
      // The link to the server is lost, which the page says by itself; what was known stays.
    }
  }

  /** Rejects with the server's error. */
  async save(view: NewFleetView): Promise<FleetView> {
    const saved = await this.#api().fleetViews.create(view);
    await this.ask();
    return saved;
  }

  /** Rejects with the server's error. */
  async change(id: string, patch: FleetViewPatch): Promise<void> {
    await this.#api().fleetViews.patch(id, patch);
    await this.ask();
  }

  /** Rejects with the server's error. */
  async remove(id: string): Promise<void> {
    await this.#api().fleetViews.remove(id);
    await this.ask();
  }

  /** The session is over. */
  forget(): void {
    this.all = undefined;
  }
}
