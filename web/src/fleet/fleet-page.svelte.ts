/** The state of the fleet's page: what it shows and in which order, where the cursor is, what is selected. */
import { resolve } from '$app/paths';
import { FLEET_FIELDS } from '#protocol/live.ts';
import { untrack } from 'svelte';
import type { Alerts } from '../stores/alerts.svelte.ts';
import type { Fleet, FleetRow } from '../stores/fleet.svelte.ts';
import type { Session } from '../stores/session.svelte.ts';
import type { State } from '../ui/state.ts';
import { alertsByDevice, deviceState, type DeviceAlerts } from './device-state.ts';
import { FleetList } from './fleet-list.svelte.ts';
import type { Section } from './fleet-order.ts';
import { DEFAULT_QUERY, inLook, nextLook, writeQuery, type FleetQuery } from './fleet-query.ts';
import { openRows } from './fleet-window.ts';
import { RowSelection } from './row-selection.svelte.ts';
import { parseSearch, tagWord, toggledWord } from './search.ts';

/** The values of fields that do not come with every row of the fleet. */
export interface MoreValues {
  valueOf(deviceId: string, field: string): number | null | undefined;
}

export interface FleetPageParts {
  readonly fleet: Fleet;
  readonly alerts: Alerts;
  readonly session: Session;
  readonly more: MoreValues;
  /** What the URL asks for. */
  readonly query: FleetQuery;
  /** Puts the query into the URL; with `push`, Back leads to what was shown before. */
  readonly navigate: (query: string, push: boolean) => void;
  /** Opens an address of the app. */
  readonly open: (href: string) => void;
}

/** What changes so much that the browser's Back should undo it. */
const isAnotherView = (a: FleetQuery, b: FleetQuery) =>
  a.look !== b.look || a.group !== b.group || a.named !== b.named;

export class FleetPageState {
  query: FleetQuery = $state.raw(DEFAULT_QUERY);
  readonly selection = new RowSelection();
  /** How many machines stand beside each other, so that keys go up and down. */
  perLine = 1;
  readonly #parts: FleetPageParts;
  readonly #list: FleetList;
  readonly #byDevice = $derived.by(() => alertsByDevice(this.#parts.alerts.active));
  readonly #open = $derived.by(() =>
    openRows(this.sections, this.query.group === '' ? [] : this.query.closed),
  );
  readonly search = $derived.by(() => parseSearch(this.query.search));
  /** The place of the cursor among the open rows; undefined where there is none. */
  readonly cursorIndex = $derived.by(() => {
    const { cursor } = this.selection;
    const index = cursor === undefined ? -1 : this.keys.indexOf(cursor);
    return index < 0 ? undefined : index;
  });

  constructor(parts: FleetPageParts) {
    this.#parts = parts;
    this.query = parts.query;
    this.#list = new FleetList(parts.fleet, { stateOf: this.stateOf, valueOf: this.valueOf });
  }

  get sections(): readonly Section<FleetRow>[] {
    return this.#list.sections;
  }

  /** The machines that the query finds, each once. */
  get shown(): readonly FleetRow[] {
    return this.#list.shown;
  }

  /** The rows of open groups, in the order of the page. */
  get keys(): readonly string[] {
    return this.#open.keys;
  }

  get cursorRow(): FleetRow | undefined {
    return this.cursorIndex === undefined ? undefined : this.#open.rows[this.cursorIndex];
  }

  /** Only who can do something to machines selects them. */
  get selectable(): boolean {
    return this.#parts.session.isOperator;
  }

  readonly stateOf = (row: FleetRow): State =>
    deviceState(this.#parts.fleet.freshness(row), this.alertsOf(row)?.worst);

  readonly valueOf = (row: FleetRow, field: string): number | null | undefined => {
    const own = FLEET_FIELDS.find((known) => known === field);
    return own === undefined ? this.#parts.more.valueOf(row.id, field) : row.latest?.[own];
  };

  alertsOf({ id }: FleetRow): DeviceAlerts | undefined {
    return this.#byDevice.get(id);
  }

  /** Shows something else, and says so in the URL. */
  ask(next: FleetQuery): void {
    const push = isAnotherView(this.query, next);
    this.query = next;
    this.#parts.navigate(writeQuery(next), push);
  }

  /** Shows what the page opens with: Back does not lead to the page without it. */
  begin(query: FleetQuery): void {
    this.query = query;
    this.#parts.navigate(writeQuery(query), false);
  }

  readonly toggleTag = (tag: string): void =>
    this.ask({ ...this.query, search: toggledWord(this.query.search, tagWord(tag)) });

  readonly toggleGroup = (name: string): void => {
    const { closed } = this.query;
    const rest = closed.filter((each) => each !== name);
    this.ask({ ...this.query, closed: rest.length < closed.length ? rest : [...closed, name] });
  };

  readonly hold = (held: boolean): void => {
    this.#list.held = held;
  };

  /** For an effect: arranges the rows whenever the query, the machines or the first alerts come. */
  arrange(): void {
    // Sort again when the first alerts come, which may be after the first rows.
    void [this.#parts.fleet.rows, this.#parts.alerts.ready];
    const { query } = this;
    untrack(() => this.#list.arrange(query));
  }

  reorder(): void {
    this.#list.reorder();
  }

  /** For an effect: the cursor and the selection follow what is shown. */
  settle(): void {
    const { keys, shown } = this;
    untrack(() => this.selection.settle(keys, shown));
  }

  /** Selects or deselects a machine; `range`: all from the one that was selected last. */
  select(id: string, range: boolean): void {
    if (!range) return this.selection.toggle(id);
    const ids = this.#open.rows.map((row) => row.id);
    this.selection.extend(ids, id);
  }

  selectAll(): void {
    this.selection.selectAll(this.shown.map(({ id }) => id));
  }

  /** The selected machines, in the order of the page. */
  get selectedRows(): readonly FleetRow[] {
    return this.shown.filter(({ id }) => this.selection.selected.has(id));
  }

  /** Where a machine leads: its page; of one on which alerts fire, at the chart and the time of the first. */
  hrefOf(row: FleetRow): string {
    const path = resolve('/devices/[id]', { id: row.id });
    const alerts = this.alertsOf(row);
    return alerts === undefined ? path : `${path}?alert=${encodeURIComponent(alerts.first.id)}`;
  }

  /** Acts on a key; returns whether it means something here. */
  press(key: string): boolean {
    const { selection, keys } = this;
    const row = this.cursorRow;
    const steps: Readonly<Record<string, number>> = { j: 1, k: -1 };
    // Without a cursor, these keys scroll the page.
    const arrows: Readonly<Record<string, number>> = row
      ? { ArrowDown: this.perLine, ArrowUp: -this.perLine, ArrowRight: 1, ArrowLeft: -1 }
      : {};
    const by = steps[key] ?? arrows[key];
    if (by !== undefined && keys.length > 0) selection.move(keys, by);
    else if (key === 'v') this.ask(inLook(this.query, nextLook(this.query.look)));
    else if (key === 'Escape' && selection.selected.size > 0) selection.clear();
    else if (key === 'Enter' && row) this.#parts.open(this.hrefOf(row));
    else if (this.selectable && (key === 'x' || key === 'X') && row) this.select(row.id, key === 'X');
    else return false;
    return true;
  }
}
