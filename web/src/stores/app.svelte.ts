/** Everything the pages share, made once by the root layout. */
import { Alerts } from './alerts.svelte.ts';
import type { SessionOf } from '#protocol/live.ts';
import { createApi, type Api } from '../api/api.ts';
import { Channels } from './channels.svelte.ts';
import { Display } from '../wall/display.svelte.ts';
import { Fleet } from './fleet.svelte.ts';
import { FieldMeanings } from './field-meanings.svelte.ts';
import { FleetViews } from './fleet-views.svelte.ts';
import type { Dial } from '../live/dial.ts';
import { Live } from '../live/live.svelte.ts';
import type { Fetch } from '../api/request.ts';
import { Session } from './session.svelte.ts';
import type { MachineViews } from './machine-views.ts';

/** While the server cannot be reached at the start, it is asked again this often, milliseconds. */
const ASK_AGAIN_MS = 3000;

export class App {
  readonly api: Api;
  readonly session: Session;
  readonly live: Live;
  readonly fleet: Fleet;
  readonly alerts: Alerts;
  readonly channels: Channels;
  readonly fleetViews: FleetViews;
  /** What machines have declared of their own fields. */
  readonly meanings: FieldMeanings;
  /** [W1] What the screen of a display link shows; other pages leave it alone. */
  readonly display: Display;
  readonly #as: SessionOf;
  /** Use `machineViews(app)`, which makes them. */
  machineViews: MachineViews | undefined;

  /** `as`: whose session the page uses. `version`: of this page. */
  constructor({
    fetch,
    dial,
    as = 'person',
    version = '',
  }: {
    fetch: Fetch;
    dial?: Dial;
    as?: SessionOf;
    version?: string;
  }) {
    this.#as = as;
    this.session = new Session(() => this.api);
    this.display = new Display({ api: () => this.api.display, version });
    const isDisplay = as === 'display';
    this.api = createApi({
      fetch,
      as,
      onUnauthorized: () => (isDisplay ? void this.display.ask() : this.session.end()),
    });
    this.live = new Live({
      doubted: () => void (isDisplay ? this.display.ask() : this.session.check()),
      as,
      dial,
    });
    this.fleet = new Fleet(this.live);
    this.alerts = new Alerts(this.live);
    this.channels = new Channels(this.api);
    this.fleetViews = new FleetViews(() => this.api);
    this.meanings = new FieldMeanings((fields) => this.api.fieldMeanings(fields));
  }

  /** Finds out who is signed in, and keeps the live connection while somebody is. Returns its stop. */
  start(): () => void {
    return this.#as === 'display' ? this.#startDisplay() : this.#startPerson();
  }

  #startDisplay(): () => void {
    return $effect.root(() => {
      $effect(() => this.display.start());
      $effect(() => {
        if (this.display.state === 'open') return this.#connect();
      });
    });
  }

  #startPerson(): () => void {
    return $effect.root(() => {
      $effect(() => {
        if (this.session.state === 'unknown') return this.#ask();
        if (this.session.state === 'in') return this.#connect();
      });
    });
  }

  #ask(): () => void {
    void this.session.check();
    const timer = setInterval(() => void this.session.check(), ASK_AGAIN_MS);
    return () => clearInterval(timer);
  }

  #connect(): () => void {
    const leave = this.alerts.follow();
    const stop = this.live.start();
    // Channels are none of a display's business.
    const stopAsking = this.#as === 'person' ? this.channels.follow() : undefined;
    return () => {
      stopAsking?.();
      leave();
      this.fleet.stop();
      this.fleetViews.forget();
      stop();
    };
  }
}
