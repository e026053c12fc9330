/** Every collector, by platform. To add one, write its file and add its entry here. */
import { createBatteries } from './batteries.ts';
import { createClockSync } from './clock-sync.ts';
import type { CollectorEntry } from './collector.ts';
import { createContainers } from './containers.ts';
import { createCpuFrequency } from './cpu-frequency.ts';
import { createCpu } from './cpu.ts';
import { customCollectors, type CustomSources } from './custom/custom.ts';
import { createDisks } from './disks.ts';
import { createGpu } from './gpu.ts';
import { createLimits } from './limits.ts';
import { createLoad } from './load.ts';
import { createMemory } from './memory.ts';
import { createMounts } from './mounts.ts';
import { createNetwork } from './network.ts';
import { createPaging } from './paging.ts';
import * as portable from './portable.ts';
import { createPressure } from './pressure.ts';
import { createProcesses } from './processes.ts';
import { createRaid } from './raid.ts';
import { createSensors } from './sensors.ts';
import { createSmart } from './smart.ts';
import { createSystemState } from './system-state.ts';
import { createTcp } from './tcp.ts';
import { createUnits } from './units.ts';
import { createUps } from './ups.ts';
import { createUptime } from './uptime.ts';

const LINUX: readonly CollectorEntry[] = [
  { name: 'cpu', create: createCpu },
  { name: 'memory', create: createMemory },
  { name: 'load', create: createLoad },
  { name: 'disks', create: createDisks },
  { name: 'network', create: createNetwork },
  { name: 'paging', create: createPaging },
  { name: 'pressure', create: createPressure },
  { name: 'tcp', create: createTcp },
  { name: 'uptime', create: createUptime },
  { name: 'containers', every: 5000, create: () => createContainers() },
  { name: 'cpu-frequency', every: 5000, create: createCpuFrequency },
  { name: 'limits', every: 5000, create: createLimits },
  { name: 'mounts', every: 5000, create: createMounts },
  { name: 'processes', every: 5000, create: createProcesses },
  { name: 'sensors', every: 5000, create: createSensors },
  { name: 'gpu', every: 5000, create: () => createGpu() },
  { name: 'batteries', every: 10_000, create: () => createBatteries() },
  { name: 'raid', every: 10_000, create: () => createRaid() },
  { name: 'ups', every: 10_000, create: () => createUps() },
  { name: 'units', every: 10_000, create: () => createUnits() },
  { name: 'clock', every: 60_000, create: () => createClockSync() },
  { name: 'smart', every: 60_000, create: () => createSmart() },
  { name: 'system', every: 60_000, create: () => createSystemState() },
];

/** The BSDs, and macOS and Windows where their own cannot be used. Collectors that start a process there are called less often. */
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

const NAMES = [...new Set([...LINUX, ...PORTABLE].map(({ name }) => name))];
const bare = (chosen: string) => chosen.replace(/^-/, '');

/** Why a choice of collectors cannot be used; undefined for one that can. */
export function choiceProblem(chosen: readonly string[]): string | undefined {
  const unknown = chosen.map(bare).filter((name) => !NAMES.includes(name));
  if (unknown.length > 0)
    return `there is no collector called ${unknown.join(', ')}; there are ${NAMES.toSorted().join(', ')}`;
  const off = chosen.filter((name) => name.startsWith('-'));
  if (off.length > 0 && off.length < chosen.length)
    return 'must be either all with a minus (all but these) or all without (these alone)';
  return undefined;
}

/**
 * All of a platform's collectors.
 * @param failed is told why the system's own collectors cannot be used
 */
async function allFor(
  platform: NodeJS.Platform,
  failed: (error: unknown) => void,
): Promise<readonly CollectorEntry[]> {
  if (platform === 'linux' || platform === 'android') return LINUX;
  // Nobody else has a use for the code of a system's own.
  if (platform === 'darwin') {
    const { macosCollectors } = await import('./macos/list.ts');
    return macosCollectors(PORTABLE, failed);
  }
  if (platform !== 'win32') return PORTABLE;
  try {
    const { windowsCollectors } = await import('./windows/list.ts');
    return await windowsCollectors();
  } catch (error) {
    failed(error);
    return PORTABLE;
  }
}

/**
 * The collectors of this platform.
 * @param chosen empty: all; names with a minus (`-tcp`): all but these; names without: these alone
 * @param failed is told why the system's own collectors cannot be used; the portable ones take their place
 * @param custom where further numbers come from
 */
export async function collectorsFor(
  platform: NodeJS.Platform,
  chosen: readonly string[] = [],
  failed: (error: unknown) => void = () => undefined,
  custom?: CustomSources,
): Promise<readonly CollectorEntry[]> {
  const all = await allFor(platform, failed);
  const added = custom === undefined ? [] : customCollectors(custom, platform);
  if (chosen.length === 0) return [...all, ...added];
  const isOff = chosen.some((name) => name.startsWith('-'));
  const named = new Set(chosen.map(bare));
  return [...all.filter(({ name }) => named.has(name) !== isOff), ...added];
}
