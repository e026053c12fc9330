/**
 * The collectors of systems without /proc (macOS, Windows, the BSDs). They use Node's own calls and systeminformation.
 * The latter starts processes there, so `list.ts` calls those collectors less often.
 */
import { execFile } from 'node:child_process';
import { cpus, freemem, loadavg, totalmem, uptime } from 'node:os';
import { promisify } from 'node:util';
import type { Systeminformation } from 'systeminformation';
import { instanceField } from '#protocol/fields.ts';
import type { Collector, Fields } from './collector.ts';
import { cpuFields, type CpuTimes } from './cpu.ts';
import { parseMountOutput } from './mountinfo.ts';
import { byStatfs, measureMounts, mountFields } from './mounts.ts';
import { guessKind, sortInterfaces, type InterfaceKind } from './interfaces.ts';
import { networkFields } from './network.ts';
import { createRates, hundredth, MOST_BYTES, percent } from './rates.ts';
import { plausibleCelsius } from './sensors.ts';

/** Loaded on first use: the library is large, and Linux needs it for the inventory only, in another process. */
const library = () => import('systeminformation').then((module) => module.default);

/** The longest that a process may take, in milliseconds. */
const PROCESS_MS = 10_000;

/** Node's times of each core → the form that `parseCpuTimes` gives, with their sum as `cpu`. */
export function coreTimes(cores: readonly { readonly times: ReturnType<typeof cpus>[number]['times'] }[]) {
  const all = { user: 0, system: 0, idle: 0, iowait: 0, steal: 0 };
  const times = new Map<string, CpuTimes>([['cpu', all]]);
  cores.forEach(({ times: { user, nice, sys, irq, idle } }, index) => {
    const core = { user: user + nice, system: sys + irq, idle, iowait: 0, steal: 0 };
    all.user += core.user;
    all.system += core.system;
    all.idle += core.idle;
    times.set(`cpu${index}`, core);
  });
  return times;
}

export function createCpu(): Collector {
  let before = new Map<string, CpuTimes>();
  let readAt = 0;
  return {
    collect({ at }) {
      const now = coreTimes(cpus());
      // Node counts in milliseconds.
      const fields = cpuFields(before, now, at - readAt);
      before = now;
      readAt = at;
      // Node does not tell these two; sending 0 would be wrong.
      delete fields['cpu_iowait'];
      delete fields['cpu_steal'];
      return fields;
    },
  };
}

export function createLoad(): Collector {
  return {
    collect() {
      if (process.platform === 'win32') return 'absent';
      const [load1 = 0, load5 = 0, load15 = 0] = loadavg().map(hundredth);
      return { load1, load5, load15 };
    },
  };
}

export function createUptime(): Collector {
  return { collect: () => ({ uptime_s: Math.floor(uptime()) }) };
}

function memoryFromLibrary(mem: Systeminformation.MemData): Fields {
  const used = Math.max(0, mem.total - mem.available);
  const fields: Fields = {
    ram: hundredth(percent(used, mem.total)),
    mem_used_bytes: used,
    mem_available_bytes: mem.available,
    mem_total_bytes: mem.total,
  };
  if (mem.buffcache > 0) fields['mem_cached_bytes'] = mem.buffcache;
  if (mem.swaptotal > 0) {
    fields['swap'] = hundredth(percent(mem.swapused, mem.swaptotal));
    fields['swap_used_bytes'] = mem.swapused;
    fields['swap_total_bytes'] = mem.swaptotal;
  }
  return fields;
}

/**
 * On Windows Node knows the available memory without starting a process; on macOS only the library counts caches right.
 */
export function createMemory(): Collector {
  return {
    async collect() {
      if (process.platform !== 'win32') return memoryFromLibrary(await (await library()).mem());
      const total = totalmem();
      const available = freemem();
      return {
        ram: hundredth(percent(total - available, total)),
        mem_used_bytes: total - available,
        mem_available_bytes: available,
        mem_total_bytes: total,
      };
    },
  };
}

interface KnownInterface {
  readonly iface: string;
  readonly internal: boolean;
  readonly virtual: boolean;
}

/** By name: the kinds of the interfaces as the library knows them. What its name tells it does not know. */
export function portableKinds(known: readonly KnownInterface[]): Map<string, InterfaceKind> {
  const outside = known.filter(({ iface, internal }) => !internal && !/^lo\d*$/.test(iface));
  return new Map(
    outside.map(({ iface, virtual }) => {
      const guess = guessKind(iface);
      return [iface, guess === 'other' && !virtual ? 'device' : guess];
    }),
  );
}

export function createNetwork(): Collector {
  const rates = createRates();
  return {
    async collect({ at }) {
      const { networkInterfaces, networkStats } = await library();
      const known = [await networkInterfaces(false)].flat();
      const found = await networkStats(known.map(({ iface }) => iface).join());
      const { shown, isCounted } = sortInterfaces(portableKinds(known));
      const interfaces = found
        .filter(({ iface, rx_bytes, tx_bytes }) => shown.includes(iface) && rx_bytes + tx_bytes > 0)
        .map((one) => ({
          name: one.iface,
          rxBytes: one.rx_bytes,
          txBytes: one.tx_bytes,
          // The library does not count packets.
          rxPackets: NaN,
          txPackets: NaN,
          errors: one.rx_errors + one.tx_errors,
          drops: one.rx_dropped + one.tx_dropped,
        }));
      rates.begin(at);
      if (interfaces.length === 0) return 'absent';
      return networkFields(rates, interfaces, isCounted);
    },
  };
}

/** Totals only: the library does not tell single disks apart here, and on Windows it knows nothing. */
export function createDisks(): Collector {
  const rates = createRates();
  return {
    async collect({ at }) {
      // The library's types leave out the null that it answers on Windows.
      const stats: Systeminformation.FsStatsData | null = await (await library()).fsStats();
      rates.begin(at);
      if (stats === null) return 'absent';
      const read = rates.perSecond('read', stats.rx, MOST_BYTES);
      const write = rates.perSecond('write', stats.wx, MOST_BYTES);
      if (read === undefined || write === undefined || Number.isNaN(read + write)) return {};
      return { disk_read: Math.round(read), disk_write: Math.round(write) };
    },
  };
}

const NETWORK_TYPE = /^(nfs|smbfs|cifs|webdav|fuse)/i;

/** What the library knows of the drives of Windows → fields. */
export function mountsFromLibrary(sizes: readonly Systeminformation.FsSizeData[]): Fields | 'absent' {
  return mountFields(
    sizes
      .filter(({ type, size }) => !NETWORK_TYPE.test(type) && size > 0)
      .map(({ mount: path, size: totalBytes, used: usedBytes, available, rw }) => ({
        path,
        // A disc in its drive is always full.
        readOnly: rw === false,
        used: hundredth(percent(usedBytes, usedBytes + available)),
        usedBytes,
        totalBytes,
      })),
  );
}

const run = promisify(execFile);

/**
 * On macOS and the BSDs the library waits for `diskutil`, which stops all of the agent, and for `df`, which one hanging
 * mount stops. `mount` prints its list without asking any of them.
 */
export function createMounts(): Collector {
  const measuring = byStatfs();
  return {
    async collect() {
      if (process.platform === 'win32') return mountsFromLibrary(await (await library()).fsSize());
      const { stdout } = await run('mount', { timeout: PROCESS_MS });
      return measureMounts(parseMountOutput(stdout), measuring);
    },
  };
}

const CPU_SENSOR = instanceField('sensor', 'cpu', 'celsius');

export function createSensors(): Collector {
  return {
    async collect() {
      // The library's types leave out the null that it answers where there is no sensor.
      const { main }: { main: number | null } = await (await library()).cpuTemperature();
      const celsius = main === null ? undefined : plausibleCelsius(main);
      return celsius === undefined ? 'absent' : { [CPU_SENSOR]: celsius };
    },
  };
}

export function createProcesses(): Collector {
  return {
    async collect() {
      const { all, running } = await (await library()).processes();
      return all > 0 ? { processes: all, processes_running: running } : 'absent';
    },
  };
}
