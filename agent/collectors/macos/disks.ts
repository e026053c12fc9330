/** Disk traffic, requests and their times on macOS, as the drivers of its disks count them. */
import type { Collector } from '../collector.ts';
import { diskFields, type DiskCounters } from '../disks.ts';
import { createRates } from '../rates.ts';
import type { Driver, IoKit } from './iokit.ts';

/** The class of <IOKit/storage/IOBlockStorageDriver.h>, and its statistics; times are in nanoseconds. */
const CLASS = 'IOBlockStorageDriver';
const STATISTICS = 'Statistics';
const [CONNECTION, KIND, IN_A_FILE] = [
  'Protocol Characteristics',
  'Physical Interconnect',
  'Virtual Interface',
];
const NS_PER_MS = 1e6;

/** A driver → its counters; undefined for a disk that is not there, or [G7] that lies in a file of another one. */
export function readDisk(driver: Driver): DiskCounters | undefined {
  const name = driver.text('BSD Name', 'below');
  if (name === undefined || driver.text(KIND, 'above', CONNECTION) === IN_A_FILE) return undefined;
  const count = (key: string) => driver.number(key, STATISTICS) ?? NaN;
  const [readMs, writeMs] = [count('Total Time (Read)') / NS_PER_MS, count('Total Time (Write)') / NS_PER_MS];
  return {
    name,
    ...{ readBytes: count('Bytes (Read)'), writtenBytes: count('Bytes (Write)') },
    ...{ reads: count('Operations (Read)'), writes: count('Operations (Write)') },
    ...{ readMs, writeMs },
    // Each request adds the time that it took: together they are those of all requests in flight.
    queuedMs: readMs + writeMs,
    // How long it did nothing is not counted.
    busyMs: NaN,
    inFlight: 0,
  };
}

export function createDisks({ drivers }: IoKit): Collector {
  const rates = createRates();
  return {
    collect({ at }) {
      const found = drivers(CLASS, readDisk).flatMap((disk) => disk ?? []);
      rates.begin(at);
      return diskFields(rates, found, new Map());
    },
  };
}
