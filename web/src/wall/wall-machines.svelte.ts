/** The machines of a wall, worked out once a second from the fleet and its alerts, however often values come. */
import type { Machine } from '#protocol/machine-scope.ts';
import { figure, text } from '#protocol/figure.ts';
import { span } from '#protocol/span.ts';
import type { WallSettings } from '#protocol/walls.ts';
import { deviceState, type DeviceAlerts } from '../fleet/device-state.ts';
import type { Fleet, FleetRow } from '../stores/fleet.svelte.ts';
import { STATE_RANK, type State } from '../ui/state.ts';

const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

/** One machine as the wall shows it. A text that stays the same updates nothing. */
export class WallMachine {
  readonly row: FleetRow;
  name: string = $state('');
  state: State = $state('waiting');
  /** Messages about it are held back for now: it is shown, and counts as no problem. */
  inMaintenance: boolean = $state(false);
  cpu: string = $state('');
  ram: string = $state('');
  disk: string = $state('');
  net: string = $state('');
  /** For how long it is in another state than online; empty while its values are live. */
  since: string = $state('');

  constructor(row: FleetRow) {
    this.row = row;
  }

  get id(): string {
    return this.row.id;
  }

  /** Whether it is in a state that somebody should look at. */
  get troubled(): boolean {
    return this.state !== 'good' && this.state !== 'waiting' && !this.inMaintenance;
  }
}

export interface WallCounts {
  readonly online: number;
  readonly offline: number;
  readonly warning: number;
  readonly critical: number;
  readonly maintenance: number;
  readonly total: number;
}

const NOBODY: WallCounts = { online: 0, offline: 0, warning: 0, critical: 0, maintenance: 0, total: 0 };

/** Rates of a network come and go by powers of ten, so received and sent are one text. */
function netText(row: FleetRow): string {
  const [received, sent] = [row.latest?.net_rx, row.latest?.net_tx];
  if (received === undefined || received === null) return text(figure('net_tx', sent));
  return text(figure('net_rx', received + (sent ?? 0)));
}

export class WallMachines {
  /** In the order of their places. */
  shown: readonly WallMachine[] = $state.raw([]);
  counts: WallCounts = $state.raw(NOBODY);
  /** When the newest value of any of them arrived, by the server's clock; undefined before the first. */
  dataAt: number | undefined = $state();
  /** [L4] Whether there are machines online, and the values of every one of them are old. */
  allOld: boolean = $state(false);
  /** Goes up with every update, for what is drawn on a canvas. */
  version: number = $state(0);
  readonly #fleet: Fleet;
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- `shown` tells of it; each machine has its own signals
  readonly #known = new Map<string, WallMachine>();

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  /** The machines that somebody should look at, the worst first. */
  get worst(): readonly WallMachine[] {
    return this.shown
      .filter((machine) => machine.troubled)
      .sort((a, b) => STATE_RANK[a.state] - STATE_RANK[b.state] || byName.compare(a.name, b.name));
  }

  /**
   * Takes the machines as they are now.
   * @param figures whether their numbers are shown
   */
  update({
    includes,
    order,
    alerts,
    now,
    figures,
  }: {
    /** Whether the wall shows the machine. */
    includes: (machine: Machine) => boolean;
    order: WallSettings['order'];
    alerts: ReadonlyMap<string, DeviceAlerts>;
    /** The server's clock. */
    now: number;
    figures: boolean;
  }): void {
    const rows = this.#fleet.rows.filter(({ id, name, device }) => includes({ id, name, tags: device.tags }));
    let moved = rows.length !== this.shown.length;
    const machines = rows.map((row) => {
      const known = this.#known.get(row.id);
      const machine = known?.row === row ? known : new WallMachine(row);
      const [name, state] = [machine.name, machine.state];
      this.#refresh(machine, { alerts: alerts.get(row.id), now, figures });
      moved ||= machine !== known || name !== machine.name || (order === 'worst' && state !== machine.state);
      return machine;
    });
    if (moved) this.#arrange(machines, order);
    this.#count(machines);
    this.version++;
  }

  #arrange(machines: WallMachine[], order: WallSettings['order']): void {
    this.#known.clear();
    for (const machine of machines) this.#known.set(machine.id, machine);
    this.shown = machines.sort(
      (a, b) =>
        (order === 'worst' ? STATE_RANK[a.state] - STATE_RANK[b.state] : 0) ||
        byName.compare(a.name, b.name) ||
        (a.id < b.id ? -1 : 1),
    );
  }

  #refresh(
    machine: WallMachine,
    { alerts, now, figures }: { alerts: DeviceAlerts | undefined; now: number; figures: boolean },
  ): void {
    const { row } = machine;
    const freshness = this.#fleet.freshness(row);
    machine.name = row.name;
    machine.state = deviceState(freshness, alerts?.worst);
    machine.inMaintenance = row.device.maintenance !== null;
    machine.since = freshness === 'live' || row.seenAt === null ? '' : span(now - row.seenAt);
    if (!figures) return;
    const { latest } = row;
    machine.cpu = text(figure('cpu', latest?.cpu));
    machine.ram = text(figure('ram', latest?.ram));
    machine.disk = text(figure('disk', latest?.disk));
    machine.net = netText(row);
  }

  #count(machines: readonly WallMachine[]): void {
    const counts = { online: 0, offline: 0, warning: 0, critical: 0, maintenance: 0, total: machines.length };
    let [newest, old] = [-Infinity, 0];
    for (const { state, inMaintenance, row } of machines) {
      if (row.status === 'online') counts.online++;
      if (state === 'offline') counts.offline++;
      if (inMaintenance) counts.maintenance++;
      else if (state === 'warning' || state === 'critical') counts[state]++;
      if (state === 'stale') old++;
      if (row.seenAt !== null && row.seenAt > newest) newest = row.seenAt;
    }
    this.counts = counts;
    this.dataAt = newest === -Infinity ? undefined : newest;
    this.allOld = counts.online > 0 && old >= counts.online;
  }
}
