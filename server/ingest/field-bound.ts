/**
 * [I8] Bounds how many different fields a device brings: at most FIELDS_PER_DEVICE of which there are stored samples.
 * What it brought before the server's start is learnt from the history once it brings more names than UNASKED_FIELDS,
 * and again from time to time when it has no room left, since old samples are deleted. Only the push that brings these
 * names waits, and not for long [H4]: where the history does not answer, the names since the start count.
 */
import { FIELDS_PER_DEVICE } from '#protocol/fields.ts';

export const TOO_MANY_FIELDS = `this machine has brought ${FIELDS_PER_DEVICE} other fields, which is the most that is kept`;
/** So many names of a device are taken after a start without asking the history; few machines have more. */
export const UNASKED_FIELDS = 500;
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
  /**
   * Resolves when the history has answered or failed to; undefined where nothing is to be learnt. As long as there is a
   * promise, `admits` answers nothing final: the push is to be read again then.
   */
  learning(deviceId: string): Promise<void> | undefined;
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
  /** Settles when the history has answered or failed to; undefined where it is not asked. */
  asking: Promise<void> | undefined;
}

const NO_NAMES: ReadonlyMap<string, number> = new Map();

export function createFieldBound({ storedFields, onLookUpFailed, now }: FieldBoundParts): FieldBound {
  const devices = new Map<string, Names>();
  function namesOf(deviceId: string, first: ReadonlyMap<string, number>): Names {
    let names = devices.get(deviceId);
    if (names === undefined) {
      const unasked = { askedAt: -Infinity, isLearnt: false, asking: undefined };
      devices.set(deviceId, (names = { first, others: new Set(), unsettled: new Set(), ...unasked }));
    }
    return names;
  }

  /** Asks the history what the device has, where that is due. */
  function ask(deviceId: string, names: Names): void {
    if (Math.abs(now() - names.askedAt) < ASK_EVERY_MS) return;
    names.askedAt = now();
    names.unsettled = names.isLearnt ? new Set() : names.others;
    names.asking = learn(deviceId, names)
      .catch(onLookUpFailed)
      .finally(() => (names.asking = undefined));
  }

  async function learn(deviceId: string, names: Names): Promise<void> {
    const stored = await storedFields(deviceId);
    names.others = new Set([...stored, ...names.unsettled].filter((name) => !names.first.has(name)));
    names.isLearnt = true;
  }

  return {
    begin: (deviceId, names) => void namesOf(deviceId, names),
    knows: (deviceId) => devices.has(deviceId),
    admits(deviceId, name) {
      const names = namesOf(deviceId, NO_NAMES);
      const { first, others } = names;
      if (first.has(name) || others.has(name)) return true;
      const count = first.size + others.size;
      if (count >= (names.isLearnt ? FIELDS_PER_DEVICE : UNASKED_FIELDS)) ask(deviceId, names);
      if (names.asking !== undefined && !names.isLearnt) return true;
      if (count >= FIELDS_PER_DEVICE) return false;
      others.add(name);
      names.unsettled.add(name);
      return true;
    },
    learning(deviceId) {
      const names = devices.get(deviceId);
      return names?.isLearnt === false ? names.asking : undefined;
    },
    forget: (deviceId) => devices.delete(deviceId),
  };
}
