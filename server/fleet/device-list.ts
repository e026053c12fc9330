/**
 * [S5] Makes the list of all devices in slices of a few milliseconds, since 10,000 devices take a tenth of a second in
 * which no push would be answered. However many ask at once, it is made for all of them together.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { Collection } from '../state/collection.ts';
import type { DeviceRecord } from '../state/records.ts';
import type { Sight } from '../types.ts';
import type { Views } from './views.ts';

/** So many devices take about 2 ms. */
const SLICE_DEVICES = 200;

/** Resolves with the list as JSON. What had changed before the call is in it. [W1] `sight`: only what a display sees. */
export type ListDevices = (sight?: Sight) => Promise<string>;

interface UnderWay {
  /** The list that is being made. */
  readonly present: Promise<string>;
  /** The list that is made after it, for those who have asked since it was begun. */
  next: Promise<string> | undefined;
}

export function createDeviceList(
  devices: Pick<Collection<DeviceRecord>, 'all' | 'get'>,
  { row }: Pick<Views, 'row'>,
): ListDevices {
  /** By the key of the sight, '' for all devices. */
  const underWay = new Map<string, UnderWay>();

  async function make(sight?: Sight): Promise<string> {
    const slices: string[] = [];
    const isSeen = (id: string) => sight?.has(id) ?? true;
    const ids = devices
      .all()
      .map(({ id }) => id)
      .filter(isSeen);
    for (let i = 0; i < ids.length; i += SLICE_DEVICES) {
      if (i > 0) await nextTick();
      const slice = ids.slice(i, i + SLICE_DEVICES).filter(isSeen);
      const records = slice.flatMap((id) => devices.get(id) ?? []);
      // Those of a slice may all have been removed meanwhile.
      if (records.length > 0) slices.push(JSON.stringify(records.map(row)).slice(1, -1));
    }
    return `{"devices":[${slices.join(',')}]}`;
  }

  function begin(sight?: Sight): Promise<string> {
    const key = sight?.key ?? '';
    const making = make(sight).finally(() => {
      if (underWay.get(key)?.present === making) underWay.delete(key);
    });
    underWay.set(key, { present: making, next: undefined });
    return making;
  }

  return (sight) => {
    const lists = underWay.get(sight?.key ?? '');
    if (lists === undefined) return begin(sight);
    lists.next ??= lists.present.catch(() => undefined).then(() => begin(sight));
    return lists.next;
  };
}
