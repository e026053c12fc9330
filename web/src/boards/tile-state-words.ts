/** What a tile says instead of its numbers, or beside them: nothing to show, old, offline, removed. */
import type { SubscribeRefusal } from '#protocol/live.ts';
import type { MachineScope } from '#protocol/machine-scope.ts';
import { metricName } from '#protocol/metric-name.ts';
import { span } from '#protocol/span.ts';
import type { State } from '../ui/state.ts';
import type { MachineValues } from './readings.ts';

/** Words in the place of a tile's content. */
export interface TileMessage {
  readonly title: string;
  /** Why, and what to do. */
  readonly hint: string;
}

/** A few words beside a tile's title about how far its numbers can be trusted [L4]. */
export interface TileNote {
  readonly state: State;
  readonly text: string;
}

const listed = (names: readonly string[]) => names.join(', ');

/** Why no machine is in the scope. `known` is whether an id is that of a machine. */
export function nobodyHere(scope: MachineScope, known: (id: string) => boolean): TileMessage {
  const { devices, tags, name } = scope;
  if (devices.length > 0 && tags.length === 0 && name === '' && !devices.some(known)) {
    return devices.length === 1
      ? { title: 'Machine removed', hint: 'The machine of this tile is not there any more.' }
      : { title: 'Machines removed', hint: 'The machines of this tile are not there any more.' };
  }
  if (tags.length > 0 && name === '')
    return { title: 'No machine here', hint: `No machine has the tag ${listed(tags)}.` };
  if (name !== '' && tags.length === 0)
    return { title: 'No machine here', hint: `No machine is called ${name}.` };
  if (tags.length + devices.length > 0 || name !== '')
    return { title: 'No machine here', hint: 'No machine has one of its tags or its name.' };
  return { title: 'No machine yet', hint: 'Add a machine, and it is shown here.' };
}

/** Why machines have no values. */
export function nobodySends(fields: readonly string[], machines: readonly MachineValues[]): TileMessage {
  const waiting = machines.every(({ freshness }) => freshness === 'waiting');
  if (waiting) return { title: 'Nothing sent yet', hint: 'Values are shown here with the first push.' };
  const names = listed(fields.map((field) => metricName(field)));
  return { title: 'Nobody sends this', hint: `No machine here sends ${names}.` };
}

/** Why the server gives no values of the machines. */
export function refusedMessage(code: SubscribeRefusal): TileMessage {
  if (code === 'too_large')
    return { title: 'Too much for one tile', hint: 'Choose fewer machines, or a field without a *.' };
  if (code === 'forbidden')
    return {
      title: 'Too many queries',
      hint: 'The server has as many open, or as large ones, as it takes. Close other boards, or choose fewer machines.',
    };
  return { title: 'Not possible', hint: 'The server does not know what this tile asks for. Edit the tile.' };
}

/** How many machines of a tile are not there any more, where others still are; undefined for none. */
export function removedNote(scope: MachineScope, known: (id: string) => boolean): TileNote | undefined {
  const gone = scope.devices.filter((id) => !known(id)).length;
  if (gone === 0) return undefined;
  return { state: 'offline', text: gone === 1 ? '1 machine removed' : `${gone} machines removed` };
}

/** [L4] What is to be known about the age of the values; undefined where all are live. */
export function ageNote(machines: readonly MachineValues[]): TileNote | undefined {
  const [only] = machines;
  if (only && machines.length === 1) return ageOfOne(only);
  const offline = machines.filter(({ freshness }) => freshness === 'offline').length;
  const stale = machines.filter(({ freshness }) => freshness === 'stale').length;
  if (stale > 0) {
    return stale + offline === machines.length
      ? { state: 'stale', text: 'Old numbers' }
      : { state: 'stale', text: `${stale} of ${machines.length} old` };
  }
  if (offline === 0) return undefined;
  return offline === machines.length
    ? { state: 'offline', text: 'All offline' }
    : { state: 'offline', text: `${offline} of ${machines.length} offline` };
}

function ageOfOne({ freshness, ageMs }: MachineValues): TileNote | undefined {
  if (freshness === 'live') return undefined;
  if (freshness === 'waiting' || ageMs === null) return { state: 'waiting', text: 'Waiting' };
  if (freshness === 'offline') return { state: 'offline', text: `Offline for ${span(ageMs)}` };
  return { state: 'stale', text: `${span(ageMs)} old` };
}
