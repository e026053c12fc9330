/** [L6] What a values query shows: the machines in its scope, and of their samples the asked fields. */
import { scopeMatcher, type Machine } from '#protocol/machine-scope.ts';
import type { Sample } from '#protocol/sample.ts';
import {
  VALUES_LIMITS,
  type ShownDevice,
  type ValuesChange,
  type ValuesDevice,
  type ValuesQuery,
} from '#protocol/values.ts';
import type { Log, Sight } from '../types.ts';
import type { Content, RoomSide } from './content.ts';
import { FieldPicker } from './field-picker.ts';
import { SnapshotMaker, type SnapshotParts, type SnapshotRows } from './snapshot-maker.ts';

/** The machines as they are now. */
export interface Machines {
  ids(): readonly string[];
  /** Undefined for an unknown device. */
  get(deviceId: string): ValuesDevice | undefined;
  /** The current sample, valid until the device's next one; undefined where there is none. */
  newest(deviceId: string): Sample | undefined;
}

/** By device id, the open contents that show it: a push looks at no others. */
export type ShownIn = Map<string, Set<ValuesContent>>;

/** The most samples of a device in one message; of more, only the newest are sent. */
const MAX_SAMPLES = 600;

interface RowJson {
  readonly json: string;
  readonly values: number;
}

export class ValuesContent implements Content {
  // Its snapshot is quickly made, and while it is open, agents may push every second.
  readonly lingers = false;
  readonly sight: Sight | undefined;
  readonly #machines: Machines;
  readonly #room: RoomSide;
  readonly #log: Log;
  readonly #shownIn: ShownIn;
  readonly #takes: (machine: Machine) => boolean;
  readonly #picker: FieldPicker;
  readonly #shown = new Set<string>();
  /** The asked names, patterns as several; 1 for a query without names. */
  readonly #names: number;
  /** How many values its last snapshot had. */
  #found = 0;
  #removed = new Set<string>();
  #entered = new Set<string>();
  #changed = new Set<string>();
  #samples = new Map<string, readonly Sample[]>();
  /** The snapshot that is being made. */
  #maker: SnapshotMaker<RowJson> | undefined;

  constructor(
    { scope, fields }: ValuesQuery,
    parts: {
      machines: Machines;
      sight: Sight | undefined;
      room: RoomSide;
      shownIn: ShownIn;
      log: Log;
    },
  ) {
    const matches = scopeMatcher(scope);
    const { sight, machines } = parts;
    this.sight = sight;
    this.#machines = machines;
    this.#room = parts.room;
    this.#log = parts.log;
    this.#shownIn = parts.shownIn;
    this.#takes = (machine) => matches(machine) && (sight === undefined || sight.has(machine.id));
    this.#picker = new FieldPicker(fields);
    const patterns = fields.filter((field) => field.includes('*')).length;
    this.#names = Math.max(1, fields.length + patterns * (VALUES_LIMITS.namesOfPattern - 1));
    const isListed = scope.tags.length === 0 && scope.name === '' && scope.devices.length > 0;
    for (const id of isListed ? scope.devices : machines.ids()) if (this.#isIn(id)) this.#show(id);
  }

  /** Whether its agents push every second, and all their samples are sent. */
  get isClose(): boolean {
    return this.#shown.size <= VALUES_LIMITS.closely;
  }

  /** [S5] How many values it looks for each time that all of its machines push. */
  get work(): number {
    const once = Math.max(this.#shown.size * this.#names, this.#found);
    return this.isClose ? once * VALUES_LIMITS.closeCounts : once;
  }

  addSamples(deviceId: string, samples: readonly Sample[]): void {
    const added = this.isClose ? samples : samples.slice(-1);
    const all = [...(this.#samples.get(deviceId) ?? []), ...added];
    this.#samples.set(deviceId, all.length > MAX_SAMPLES ? all.slice(-MAX_SAMPLES) : all);
    this.#tell(deviceId);
  }

  /** The device is new, has changed, or was removed. */
  deviceChanged(deviceId: string): void {
    const isShown = this.#shown.has(deviceId);
    if (this.#isIn(deviceId)) {
      (isShown ? this.#changed : this.#entered).add(deviceId);
      this.#show(deviceId);
    } else if (isShown) {
      this.#hide(deviceId);
      this.#removed.add(deviceId);
      for (const set of [this.#entered, this.#changed]) set.delete(deviceId);
      this.#samples.delete(deviceId);
    } else return;
    this.#tell(deviceId);
  }

  /** [W1] The display may see other devices now. */
  sightChanged(): void {
    for (const id of new Set([...this.#shown, ...this.#machines.ids()])) this.deviceChanged(id);
    this.#room.renew();
  }

  takeChange(): ValuesChange | undefined {
    const [removed, entered, changed, samples] = [this.#removed, this.#entered, this.#changed, this.#samples];
    this.#removed = new Set();
    this.#entered = new Set();
    this.#changed = new Set();
    this.#samples = new Map();
    // The newest sample of a device that entered is in `shown`.
    for (const id of entered) for (const rest of [changed, samples]) rest.delete(id);
    const shown = [
      ...[...entered].flatMap((id) => this.#shownDevice(id) ?? []),
      ...[...changed].flatMap((id) => this.#machines.get(id) ?? []).map((device) => ({ device })),
    ];
    if (removed.size + shown.length + samples.size === 0) return undefined;
    return {
      ...(removed.size > 0 && { removed: [...removed] }),
      ...(shown.length > 0 && { shown }),
      ...(samples.size > 0 && {
        values: [...samples].map(([id, added]) => ({ id, ...this.#picker.columns(added) })),
      }),
    };
  }

  async makeSnapshot(done: (parts: SnapshotParts) => void): Promise<void> {
    const maker = new SnapshotMaker(this.#rows(), this.#room, this.#log);
    this.#maker = maker;
    await maker.make((parts) => {
      this.#found = maker.values;
      done(parts);
    });
    this.#maker = undefined;
  }

  close(): void {
    for (const id of this.#shown) this.#hide(id);
  }

  #rows(): SnapshotRows<RowJson> {
    return {
      ids: [...this.#shown],
      row: (deviceId) => {
        const row = this.#shown.has(deviceId) ? this.#shownDevice(deviceId) : undefined;
        return row && { json: JSON.stringify(row), values: Object.keys(row.samples.fields).length };
      },
      bound: { most: VALUES_LIMITS.values, valuesIn: ({ values }) => values },
      chars: ({ json }) => json.length,
      joined: (rows) => `{"shown":[${rows.map(({ json }) => json).join(',')}]}`,
    };
  }

  #shownDevice(deviceId: string) {
    const device = this.#machines.get(deviceId);
    const newest = this.#machines.newest(deviceId);
    const samples = this.#picker.columns(newest === undefined ? [] : [newest]);
    return device && ({ device, samples } satisfies ShownDevice);
  }

  #isIn(deviceId: string): boolean {
    const device = this.#machines.get(deviceId);
    return device !== undefined && this.#takes({ id: deviceId, name: device.name, tags: device.tags });
  }

  #show(deviceId: string): void {
    this.#shown.add(deviceId);
    const contents = this.#shownIn.get(deviceId);
    if (contents === undefined) this.#shownIn.set(deviceId, new Set([this]));
    else contents.add(this);
  }

  #hide(deviceId: string): void {
    this.#shown.delete(deviceId);
    const contents = this.#shownIn.get(deviceId);
    contents?.delete(this);
    if (contents?.size === 0) this.#shownIn.delete(deviceId);
  }

  #tell(deviceId: string): void {
    this.#maker?.changed(deviceId);
    this.#room.changed();
  }
}
