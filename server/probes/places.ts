/** From where a probe is tried, and what each of those machines says of it now. */
import type { DeviceStatus } from '#protocol/api.ts';
import { instanceField } from '#protocol/fields.ts';
import { scopeMatcher, type Machine } from '#protocol/machine-scope.ts';
import type { ProbeReport } from '#protocol/probe-reports.ts';
import {
  PLACES_SHOWN,
  type PlaceState,
  type Probe,
  type ProbePlace,
  type ProbeView,
} from '#protocol/probes.ts';
import { fieldValue, type Sample } from '#protocol/sample.ts';

export interface PlacesParts {
  readonly machines: () => readonly Machine[];
  /** What the machine last said of its probes. */
  readonly reports: (deviceId: string) => readonly ProbeReport[];
  readonly fleetOf: (
    deviceId: string,
  ) => { readonly status: DeviceStatus; readonly newest: Sample | undefined } | undefined;
  /** The ids of the probes that are too many for the machine. */
  readonly leftOutOf: (machine: Machine) => ReadonlySet<string>;
  readonly askedAt: (probeId: string) => number;
  readonly now: () => number;
}

/** An order to try at once that no machine has answered for this long, in milliseconds, is no longer waited for. */
const ASKED_MS = 60_000;

/** Those in trouble come first. */
const ORDER: readonly PlaceState[] = ['down', 'failing', 'refused', 'left_out', 'waits', 'offline', 'up'];

const byName = new Intl.Collator();

/** A machine at which a probe is tried. */
interface Place {
  readonly machine: Machine;
  readonly report: ProbeReport | undefined;
  readonly newest: Sample | undefined;
}

/** What is found of one probe while machine after machine is looked at, in the order of their names. */
class Findings {
  readonly probe: Probe;
  readonly takes: (machine: Machine) => boolean;
  readonly counts: Record<PlaceState, number>;
  /** Whether a machine that is there has not answered the order to try at once. */
  isUnanswered = false;
  /** When a person last asked for a try at once, epoch milliseconds; 0: never. */
  readonly asked: number;
  /** The first ones of each state: no more are shown. */
  readonly #first = new Map<PlaceState, Place[]>();

  constructor(probe: Probe, asked: number) {
    this.probe = probe;
    this.takes = probe.on ? scopeMatcher(probe.scope) : () => false;
    this.counts = { up: 0, failing: 0, down: 0, refused: 0, waits: 0, offline: 0, left_out: 0 };
    this.asked = asked;
  }

  add(state: PlaceState, place: Place): void {
    this.counts[state]++;
    const isAnswered = place.report !== undefined && place.report.asked_at >= this.asked;
    if (state !== 'offline' && !isAnswered) this.isUnanswered = true;
    const first = this.#first.get(state);
    if (first === undefined) this.#first.set(state, [place]);
    else if (first.length < PLACES_SHOWN) first.push(place);
  }

  shown(): ProbePlace[] {
    const all = ORDER.flatMap((state) =>
      (this.#first.get(state) ?? []).map((place) => placeView(this.probe, state, place)),
    );
    return all.slice(0, PLACES_SHOWN);
  }
}

function placeView(probe: Probe, state: PlaceState, { machine, report, newest }: Place): ProbePlace {
  const value = (field: string) =>
    newest === undefined ? null : (fieldValue(newest, instanceField('probe', probe.name, field)) ?? null);
  return {
    device_id: machine.id,
    name: machine.name,
    state,
    since: report?.since ?? null,
    reason: report?.reason ?? '',
    remedy: report?.remedy ?? '',
    ms: value('ms'),
    certificate_days: value('certificate_days'),
  };
}

export interface Places {
  /** How each probe does. Each machine is looked at once, however many probes there are. */
  ofAll(probes: readonly Probe[]): ProbeView[];
  of(probe: Probe): ProbeView;
}

export function createPlaces(parts: PlacesParts): Places {
  const { fleetOf, reports, leftOutOf, askedAt } = parts;

  function lookAt(machine: Machine, all: readonly Findings[]): void {
    const known = fleetOf(machine.id);
    const isOnline = known?.status === 'online';
    const newest = isOnline ? known.newest : undefined;
    const said = new Map(reports(machine.id).map((report) => [report.id, report]));
    let leftOut: ReadonlySet<string> | undefined;
    for (const findings of all) {
      if (!findings.takes(machine)) continue;
      const { id } = findings.probe;
      const report = said.get(id);
      const unheard = () => ((leftOut ??= leftOutOf(machine)).has(id) ? 'left_out' : 'waits');
      findings.add(isOnline ? (report?.state ?? unheard()) : 'offline', { machine, report, newest });
    }
  }

  function look(all: readonly Findings[]): void {
    const concerned = parts.machines().filter((machine) => all.some(({ takes }) => takes(machine)));
    for (const machine of concerned.toSorted((a, b) => byName.compare(a.name, b.name))) lookAt(machine, all);
  }

  const begin = (probe: Probe) => new Findings(probe, askedAt(probe.id));

  function viewOf(findings: Findings): ProbeView {
    const { probe, asked, counts, isUnanswered } = findings;
    const isRecent = asked > 0 && parts.now() - asked < ASKED_MS;
    return { ...probe, counts, places: findings.shown(), is_asked: isRecent && isUnanswered };
  }

  return {
    ofAll(probes) {
      const all = probes.map(begin);
      look(all);
      return all.map(viewOf);
    },
    of(probe) {
      const findings = begin(probe);
      look([findings]);
      return viewOf(findings);
    },
  };
}
