/** Disk traffic, requests and their times on Windows. */
import type { Collector } from '../collector.ts';
import { diskFields, type DiskCounters } from '../disks.ts';
import { createRates } from '../rates.ts';
import type { Win32 } from './win32.ts';

/** Units of 100 ns in a millisecond. */
const UNITS = 10_000;

/** DISK_PERFORMANCE → counters. */
export function parseDisk(name: string, bytes: Buffer): DiskCounters {
  const number = (place: number) => Number(bytes.readBigInt64LE(place));
  const [readMs, writeMs] = [number(16) / UNITS, number(24) / UNITS];
  return {
    name,
    readBytes: number(0),
    writtenBytes: number(8),
    readMs,
    writeMs,
    // Each request adds the time that it took: together they are those of all requests in flight.
    queuedMs: readMs + writeMs,
    // Busy is what is not idle of the time at which it was asked.
    busyMs: Math.max(0, number(56) - number(32)) / UNITS,
    reads: bytes.readUInt32LE(40),
    writes: bytes.readUInt32LE(44),
    inFlight: bytes.readUInt32LE(48),
  };
}

const [DESCRIPTOR_BYTES, BUS] = [32, 28] as const;
/** Kinds of connection of disks that lie in a file of another disk. */
const CARRIED = [14, 15];

/** [G7] STORAGE_DEVICE_DESCRIPTOR → whether another disk carries its bytes. */
export function isCarried(descriptor: Buffer | undefined): boolean {
  if (descriptor === undefined || descriptor.length < DESCRIPTOR_BYTES) return false;
  return CARRIED.includes(descriptor.readUInt32LE(BUS));
}

/** Disks have numbers from 0 on; one that was taken out leaves a hole. */
const MOST_DISKS = 32;
/** How often all numbers are tried again, in milliseconds. */
const LOOK_EVERY = 60_000;

type Calls = Pick<Win32, 'diskPerformance' | 'diskDescriptor'>;

export function createDisks({ diskPerformance, diskDescriptor }: Calls): Collector {
  const rates = createRates();
  const inFlight = new Map<string, number>();
  let numbers: readonly number[] = [];
  let lookedAt = -Infinity;
  return {
    collect({ at }) {
      if (at - lookedAt >= LOOK_EVERY) {
        numbers = Array.from({ length: MOST_DISKS }, (_, disk) => disk).filter(
          (disk) => !isCarried(diskDescriptor(disk)),
        );
        lookedAt = at;
      }
      const found = numbers.flatMap((disk) => {
        const bytes = diskPerformance(disk);
        return bytes === undefined ? [] : [{ disk, counters: parseDisk(`disk${disk}`, bytes) }];
      });
      numbers = found.map(({ disk }) => disk);
      rates.begin(at);
      const disks = found.map(({ counters }) => counters);
      const fields = diskFields(rates, disks, inFlight);
      inFlight.clear();
      for (const one of disks) if (one.inFlight > 0) inFlight.set(one.name, one.inFlight);
      return fields;
    },
  };
}
