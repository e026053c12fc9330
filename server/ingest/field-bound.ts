/**
 * [I8] Bounds how many different fields a device brings. Each name costs memory, and rows of the history, for as long
 * as the device is there; a device whose names change all the time would otherwise cost without end.
 */

/** The most names that a device can bring between two starts of the server. The history bounds them for good. */
export const MOST_FIELDS = 5000;
export const TOO_MANY_FIELDS = `this machine has brought ${MOST_FIELDS} other fields, which is the most that is kept`;

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
  /** Names that `first` does not have. */
  others: Set<string> | undefined;
}

const NO_NAMES: ReadonlyMap<string, number> = new Map();

export function createFieldBound(): FieldBound {
  const devices = new Map<string, Names>();
  return {
    begin(deviceId, names) {
      if (!devices.has(deviceId)) devices.set(deviceId, { first: names, others: undefined });
    },
    knows: (deviceId) => devices.has(deviceId),
    admits(deviceId, name) {
      let names = devices.get(deviceId);
      if (names === undefined) devices.set(deviceId, (names = { first: NO_NAMES, others: undefined }));
      if (names.first.has(name) || names.others?.has(name) === true) return true;
      const others = (names.others ??= new Set());
      if (names.first.size + others.size >= MOST_FIELDS) return false;
      others.add(name);
      return true;
    },
    forget: (deviceId) => devices.delete(deviceId),
  };
}
