/** Every collector, by platform. To add one, write its file and add its entry here. */
import type { CollectorEntry } from './collector.ts';
import { createCpu } from './cpu.ts';
import { createDisks } from './disks.ts';
import { createLoad } from './load.ts';
import { createMemory } from './memory.ts';
import { createMounts } from './mounts.ts';
import { createNetwork } from './network.ts';
import * as portable from './portable.ts';
import { createProcesses } from './processes.ts';
import { createSensors } from './sensors.ts';
import { createUptime } from './uptime.ts';

const LINUX: readonly CollectorEntry[] = [
  { name: 'cpu', create: createCpu },
  { name: 'memory', create: createMemory },
  { name: 'load', create: createLoad },
  { name: 'disks', create: createDisks },
  { name: 'network', create: createNetwork },
  { name: 'uptime', create: createUptime },
  { name: 'mounts', every: 5000, create: createMounts },
  { name: 'processes', every: 5000, create: createProcesses },
  { name: 'sensors', every: 5000, create: createSensors },
];

/** macOS, Windows and the BSDs. Collectors that start a process there are called less often. */
const PORTABLE: readonly CollectorEntry[] = [
  { name: 'cpu', create: portable.createCpu },
  { name: 'load', create: portable.createLoad },
  { name: 'uptime', create: portable.createUptime },
  { name: 'memory', every: 5000, create: portable.createMemory },
  { name: 'network', every: 5000, create: portable.createNetwork },
  { name: 'disks', every: 5000, create: portable.createDisks },
  { name: 'mounts', every: 30_000, create: portable.createMounts },
  { name: 'sensors', every: 30_000, create: portable.createSensors },
  { name: 'processes', every: 60_000, create: portable.createProcesses },
];

export function collectorsFor(platform: NodeJS.Platform): readonly CollectorEntry[] {
  return platform === 'linux' || platform === 'android' ? LINUX : PORTABLE;
}
