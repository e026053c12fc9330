/**
 * What the drivers of macOS have written into its registry of devices, by the functions of IOKit and CoreFoundation. What
 * they give is released again, and nothing is asked of a device.
 */
import { loadNativeLibrary, type NativeLibrary } from '../../service/native-library.ts';
import { untilNul } from '../bytes.ts';

/** Properties of one driver. */
export interface Driver {
  /** A number, or a truth as 0 or 1, of the driver itself or of its property `within`. */
  number(key: string, within?: string): number | undefined;
  /** A text of the driver, of what belongs to it (`below`), or of what it belongs to (`above`); `within` a property there. */
  text(key: string, where: 'below' | 'above', within?: string): string | undefined;
}

export interface IoKit {
  /** Calls `read` with each driver of this class. What it is given is gone afterwards. */
  drivers<Found>(className: string, read: (driver: Driver) => Found): Found[];
}

/** A pointer; null for none. */
type Ref = unknown;

const UTF8 = 0x08000100;
const INT64 = 4;
const SEARCH = { below: 1, above: 3 } as const;
const PLANE = 'IOService';
/** [G8] No machine has more drivers of one class. */
const MOST_DRIVERS = 256;

export async function openIoKit(): Promise<IoKit> {
  const koffi = await loadNativeLibrary();
  const values = openValues(koffi);
  const kit = koffi.load('/System/Library/Frameworks/IOKit.framework/IOKit');
  const matching: (className: string) => Ref = kit.func('void* IOServiceMatching(const char*)');
  const find: (port: number, wanted: Ref, found: number[]) => number = kit.func(
    'int IOServiceGetMatchingServices(uint32, void*, _Out_ uint32*)',
  );
  const next: (iterator: number) => number = kit.func('uint32 IOIteratorNext(uint32)');
  const release: (object: number) => number = kit.func('int IOObjectRelease(uint32)');
  const property: (entry: number, key: Ref, allocator: null, options: number) => Ref = kit.func(
    'void* IORegistryEntryCreateCFProperty(uint32, void*, void*, uint32)',
  );
  type Search = (entry: number, plane: string, key: Ref, allocator: null, options: number) => Ref;
  const search: Search = kit.func(
    'void* IORegistryEntrySearchCFProperty(uint32, const char*, void*, void*, uint32)',
  );

  /** The value of a property, or of a key in it. */
  const read = <Found>(
    get: (key: Ref) => Ref,
    [key, within]: readonly [string, string | undefined],
    take: (value: Ref) => Found | undefined,
  ): Found | undefined => {
    const outer = values.withText(within ?? key, get);
    if (outer === null) return undefined;
    try {
      return take(within === undefined ? outer : values.withText(key, (name) => values.valueIn(outer, name)));
    } finally {
      values.release(outer);
    }
  };
  const driver = (entry: number): Driver => ({
    number: (key, within) => read((name) => property(entry, name, null, 0), [key, within], values.number),
    text: (key, where, within) =>
      read((name) => search(entry, PLANE, name, null, SEARCH[where]), [key, within], values.text),
  });

  return {
    drivers(className, take) {
      const iterators = [0];
      // What it is asked with, it releases itself.
      if (find(0, matching(className), iterators) !== 0) return [];
      const [iterator = 0] = iterators;
      if (iterator === 0) return [];
      const found = [];
      try {
        for (let entry = next(iterator); entry !== 0 && found.length < MOST_DRIVERS; entry = next(iterator)) {
          try {
            found.push(take(driver(entry)));
          } finally {
            release(entry);
          }
        }
      } finally {
        release(iterator);
      }
      return found;
    },
  };
}

/** Values of CoreFoundation. What is no value of the kind that is asked for is undefined. */
function openValues(koffi: NativeLibrary) {
  const core = koffi.load('/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation');
  const makeText: (allocator: null, text: string, encoding: number) => Ref = core.func(
    'void* CFStringCreateWithCString(void*, const char*, uint32)',
  );
  const release: (value: Ref) => void = core.func('void CFRelease(void*)');
  const kindOf: (value: Ref) => number | bigint = core.func('ulong CFGetTypeID(void*)');
  const kind = (name: string) => Number(core.func(name, 'ulong', [])());
  const kinds = {
    ...{ dictionary: kind('CFDictionaryGetTypeID'), number: kind('CFNumberGetTypeID') },
    ...{ text: kind('CFStringGetTypeID'), truth: kind('CFBooleanGetTypeID') },
  };
  const valueIn: (dictionary: Ref, key: Ref) => Ref = core.func('void* CFDictionaryGetValue(void*, void*)');
  const numberOf: (value: Ref, kind: number, to: Buffer) => number = core.func(
    'uint8 CFNumberGetValue(void*, long, void*)',
  );
  const isTrue: (value: Ref) => number = core.func('uint8 CFBooleanGetValue(void*)');
  const textOf: (value: Ref, to: Buffer, bytes: number, encoding: number) => number = core.func(
    'uint8 CFStringGetCString(void*, void*, long, uint32)',
  );
  const is = (value: Ref, wanted: number) => value !== null && Number(kindOf(value)) === wanted;
  return {
    release,
    /** Calls `use` with the text as a value. */
    withText(text: string, use: (value: Ref) => Ref): Ref {
      const value = makeText(null, text, UTF8);
      if (value === null) return null;
      try {
        return use(value);
      } finally {
        release(value);
      }
    },
    /** The value belongs to the dictionary. */
    valueIn: (dictionary: Ref, key: Ref): Ref =>
      is(dictionary, kinds.dictionary) ? valueIn(dictionary, key) : null,
    number(value: Ref): number | undefined {
      if (is(value, kinds.truth)) return isTrue(value) === 0 ? 0 : 1;
      if (!is(value, kinds.number)) return undefined;
      const to = Buffer.alloc(8);
      return numberOf(value, INT64, to) === 0 ? undefined : Number(to.readBigInt64LE(0));
    },
    text(value: Ref): string | undefined {
      if (!is(value, kinds.text)) return undefined;
      const to = Buffer.alloc(512);
      return textOf(value, to, to.length, UTF8) === 0 ? undefined : untilNul(to.toString('utf8'));
    },
  };
}
