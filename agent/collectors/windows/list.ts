/** The collectors of Windows. */
import type { CollectorEntry } from '../collector.ts';
import { createBatteries } from './batteries.ts';
import { createCpuFrequency } from './cpu-frequency.ts';
import { createCpu } from './cpu.ts';
import { createDisks } from './disks.ts';
import { createGpu } from './gpu.ts';
import { createMemory } from './memory.ts';
import { createMounts } from './mounts.ts';
import { createNetwork } from './network.ts';
import { createServices } from './services.ts';
import { createSystemState } from './system-state.ts';
import { createTcp } from './tcp.ts';
import { createUptime } from './uptime.ts';
import { openWin32, type Win32 } from './win32.ts';

/** Every collector of Windows. Those that Linux has, too, have the name that they have there. */
const windowsList = (win32: Win32): readonly CollectorEntry[] => [
  { name: 'cpu', create: () => createCpu(win32) },
  { name: 'memory', create: () => createMemory(win32) },
  { name: 'disks', create: () => createDisks(win32) },
  { name: 'network', create: () => createNetwork(win32) },
  { name: 'tcp', create: () => createTcp(win32) },
  { name: 'uptime', create: () => createUptime(win32) },
  { name: 'cpu-frequency', every: 5000, create: () => createCpuFrequency(win32) },
  { name: 'gpu', every: 5000, create: () => createGpu() },
  { name: 'mounts', every: 5000, create: () => createMounts(win32) },
  { name: 'batteries', every: 10_000, create: () => createBatteries(win32) },
  { name: 'units', every: 10_000, create: () => createServices(win32) },
  { name: 'system', every: 60_000, create: () => createSystemState(win32) },
];

/** @throws an error where the system's libraries cannot be called */
export async function windowsCollectors(): Promise<readonly CollectorEntry[]> {
  return windowsList(await openWin32());
}
