/** The collectors of Windows. */
import type { CollectorEntry } from '../collector.ts';
import { createCpu } from './cpu.ts';
import { createDisks } from './disks.ts';
import { createMemory } from './memory.ts';
import { createMounts } from './mounts.ts';
import { createNetwork } from './network.ts';
import { createUptime } from './uptime.ts';
import { openWin32 } from './win32.ts';

/** @throws an error where the system's libraries cannot be called */
export async function windowsCollectors(): Promise<readonly CollectorEntry[]> {
  const win32 = await openWin32();
  return [
    { name: 'cpu', create: () => createCpu(win32) },
    { name: 'memory', create: () => createMemory(win32) },
    { name: 'disks', create: () => createDisks(win32) },
    { name: 'network', create: () => createNetwork(win32) },
    { name: 'uptime', create: () => createUptime(win32) },
    { name: 'mounts', every: 5000, create: () => createMounts(win32) },
  ];
}
