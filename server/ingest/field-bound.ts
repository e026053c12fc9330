/**
 * [I8] Bounds how many different fields a device brings: at most FIELDS_PER_DEVICE of which there are stored samples.
 * What it brought before the server's start is learnt from the history when it first brings another name than its
 * first list has, and again from time to time when it has no room left, since old samples are deleted. No push waits
 * for that [H4]: until the history has answered, only names since the start count.
 */
import { FIELDS_PER_DEVICE } from '#protocol/fields.ts';

export const TOO_MANY_FIELDS = `this machine has brought ${FIELDS_PER_DEVICE} other fields, which is the most that is kept`;
/** How often the history is asked of one device at most, in milliseconds. */
const ASK_EVERY_MS = 10 * 60_000;

export interface FieldBoundParts {
  /** The names of the fields that the history has of a device, all acknowledged samples included. */
  readonly storedFields: (deviceId: string) => Promise<readonly string[]>;
  /** Called with the error when `storedFields` rejects; it is asked again with a later name. */
  readonly onLookUpFailed: (error: unknown) => void;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export interface FieldBound {
  /** Notes the names of the device's first list of fields, which other devices may share: they cost it nothing. */
  begin(deviceId: string, names: ReadonlyMap<string, number>): void;
  /** Whether something is known of the device. */
  knows(deviceId: string): boolean;
  /** Whether the device may bring this name: one that it brought before, or a new one within the bound. */
  admits(deviceId: string, name: string): boolean;
  forget(deviceId: string): void;
}

interface Names {
  readonly first: ReadonlyMap<string, number>;
  /** Names that `first` does not have: from the history, and new ones. */
  others: Set<string>;
  /** Names that the answer of the history may not have yet. */
  unsettled: Set<string>;
  /** When the history was last asked, epoch milliseconds. */
  askedAt: number;
  /** Whether the history has answered. */
  isLearnt: boolean;
}

const NO_NAMES: ReadonlyMap<string, number> = new Map();

export function createFieldBound({ storedFields, onLookUpFailed, now }: FieldBoundParts): FieldBound {
  const devices = new Map<string, Names>();
  /** Settles when the history has answered for all devices; it is asked of one after the other. */
  let asking = Promise.resolve();

  function namesOf(deviceId: string, first: ReadonlyMap<string, number>): Names {
    let names = devices.get(deviceId);
    if (names === undefined) {
      names = { first, others: new Set(), unsettled: new Set(), askedAt: -Infinity, isLearnt: false };
      devices.set(deviceId, names);
    }
    return names;
  }

  /** Asks the history what the device has, where that is due. */
  function ask(deviceId: string, names: Names): void {
    if (Math.abs(now() - names.askedAt) < ASK_EVERY_MS) return;
    names.askedAt = now();
    names.unsettled = names.isLearnt ? new Set() : names.others;
    asking = asking.then(() => learn(deviceId, names)).catch(onLookUpFailed);
  }

  async function learn(deviceId: string, names: Names): Promise<void> {
    if (devices.get(deviceId) !== names) return;
    const stored = await storedFields(deviceId);
    names.others = new Set([...stored, ...names.unsettled].filter((name) => !names.first.has(name)));
    names.isLearnt = true;
  }

  return {
    begin: (deviceId, names) => void namesOf(deviceId, names),
    knows: (deviceId) => devices.has(deviceId),
    admits(deviceId, name) {
      const names = namesOf(deviceId, NO_NAMES);
      const { first, others, isLearnt } = names;
      if (first.has(name) || others.has(name)) return true;
      const hasRoom = first.size + others.size < FIELDS_PER_DEVICE;
      if (hasRoom) {
        others.add(name);
        names.unsettled.add(name);
      }
      if (!hasRoom || !isLearnt) ask(deviceId, names);
      return hasRoom;
    },
    forget: (deviceId) => devices.delete(deviceId),
  };
}
