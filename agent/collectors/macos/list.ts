/**
 * The collectors of macOS that call its libraries. What cannot be called is measured as before, by the portable
 * collectors: each part is opened by itself.
 */
import { errorText } from '#protocol/errors.ts';
import type { CollectorEntry } from '../collector.ts';
import { createBatteries } from './batteries.ts';
import { createDisks } from './disks.ts';
import { openIoKit } from './iokit.ts';
import { openMacOs } from './macos.ts';
import { createMemory } from './memory.ts';
import { createMounts } from './mounts.ts';
import { createNetwork } from './network.ts';

type Entries = readonly CollectorEntry[];

const ofSystem = async (): Promise<Entries> => {
  const system = await openMacOs();
  return [
    { name: 'memory', create: () => createMemory(system) },
    { name: 'network', create: () => createNetwork(system) },
    { name: 'mounts', every: 5000, create: () => createMounts(system) },
  ];
};
const ofDrivers = async (): Promise<Entries> => {
  const kit = await openIoKit();
  return [
    { name: 'disks', create: () => createDisks(kit) },
    { name: 'batteries', every: 10_000, create: () => createBatteries(kit) },
  ];
};

/**
 * The portable collectors, with those of macOS in the place of theirs.
 * @param failed is told why some cannot be used
 */
export async function macosCollectors(portable: Entries, failed: (error: unknown) => void): Promise<Entries> {
  const own: CollectorEntry[] = [];
  for (const open of [ofSystem, ofDrivers])
    try {
      own.push(...(await open()));
    } catch (error) {
      failed(new Error(`macOS cannot be asked directly: ${errorText(error)}`, { cause: error }));
    }
  const names = new Set(own.map(({ name }) => name));
  return [...portable.filter(({ name }) => !names.has(name)), ...own];
}
