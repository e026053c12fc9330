/** What Windows answers → fields, on answers recorded from wine 8 on a machine of two cores (`fixtures/`). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createAsker } from '../../../../agent/collectors/asking.ts';
import type { Context } from '../../../../agent/collectors/collector.ts';
import type { MountUse } from '../../../../agent/collectors/mounts.ts';
import { batteryFields } from '../../../../agent/collectors/windows/batteries.ts';
import { frequencyFields } from '../../../../agent/collectors/windows/cpu-frequency.ts';
import { createCpu, kernelCounters, parseCoreTimes } from '../../../../agent/collectors/windows/cpu.ts';
import { createDisks, isCarried, parseDisk } from '../../../../agent/collectors/windows/disks.ts';
import { memoryFields, pageFileFields, pagingCounters } from '../../../../agent/collectors/windows/memory.ts';
import { createMounts } from '../../../../agent/collectors/windows/mounts.ts';
import { createNetwork, parseInterfaces } from '../../../../agent/collectors/windows/network.ts';
import { createTcp } from '../../../../agent/collectors/windows/tcp.ts';
import { createUptime } from '../../../../agent/collectors/windows/uptime.ts';

const recorded = (name: string) => readFileSync(join(import.meta.dirname, 'fixtures', `${name}.bin`));
const at = (ms: number): Context => ({
  at: ms,
  read: () => undefined,
  readAside: () => Promise.resolve(undefined),
});

describe('processors of Windows', () => {
  it('the idle time in the kernel’s time is not counted as work', () => {
    const times = parseCoreTimes(recorded('core-times'));
    expect([...times.keys()]).toEqual(['cpu', 'cpu0', 'cpu1']);
    expect(times.get('cpu0')).toEqual({
      user: 70_036_000_000,
      system: 60_860_100_000 - 51_150_500_000,
      idle: 51_150_500_000,
      iowait: 0,
      steal: 0,
    });
    expect(times.get('cpu')?.user).toBe(70_036_000_000 + 72_023_500_000);
  });

  it('interrupts of all cores and switches between threads are counted, and a counter that stays 0 is none', () => {
    const cores = Buffer.alloc(96);
    cores.writeUInt32LE(40, 40);
    cores.writeUInt32LE(2, 88);
    const system = Buffer.alloc(312);
    system.writeUInt32LE(700, 296);
    expect(kernelCounters(cores, system)).toEqual({ interrupts: 42, context_switches: 700 });
    expect(kernelCounters(Buffer.alloc(96), Buffer.alloc(312))).toEqual({});
  });

  it('a core that computes for half of a second has 50 percent, and the machine of two cores 25', () => {
    const first = recorded('core-times');
    const later = Buffer.from(first);
    const add = (place: number, units: number) =>
      later.writeBigInt64LE(later.readBigInt64LE(place) + BigInt(units), place);
    // Core 0: 0.3 s of user's time, 0.2 s of the kernel's, 0.5 s idle, which the kernel's time holds too.
    add(0, 5e6);
    add(8, 7e6);
    add(16, 3e6);
    add(48, 1e7);
    add(56, 1e7);
    const readings = [first, later];
    const cpu = createCpu({
      coreTimes: () => readings.shift() ?? Buffer.alloc(0),
      systemPerformance: () => recorded('system-performance'),
    });
    expect(cpu.collect(at(1000))).toEqual({});
    expect(cpu.collect(at(2000))).toEqual({
      cpu: 25,
      cpu_user: 15,
      cpu_system: 10,
      'core:0:cpu': 50,
      'core:1:cpu': 0,
    });
  });
});

it('memory, what is promised of it, and the number of processes of Windows are told in bytes', () => {
  expect(memoryFields(recorded('memory-status'), recorded('performance'))).toEqual({
    ram: 11.83,
    mem_used_bytes: 25_276_497_920 - 22_285_389_824,
    mem_available_bytes: 22_285_389_824,
    mem_total_bytes: 25_276_497_920,
    mem_committed_bytes: 741_887 * 4096,
    mem_commit_limit_bytes: 6_171_022 * 4096,
    mem_committed: 12.02,
    processes: 7,
    threads: 42,
    open_handles: 544,
  });
});

describe('page files of Windows', () => {
  /** SYSTEM_PAGEFILE_INFORMATION of two files, as its header lays it out: wine does not tell of page files. */
  const files = () => {
    const list = Buffer.alloc(64);
    for (const [index, word] of [32, 1000, 250, 300].entries()) list.writeUInt32LE(word, index * 4);
    for (const [index, word] of [0, 3000, 750, 800].entries()) list.writeUInt32LE(word, 32 + index * 4);
    return list;
  };

  it('all page files together are the swap, in bytes', () => {
    expect(pageFileFields(files(), 4096)).toEqual({
      swap: 25,
      swap_used_bytes: 1000 * 4096,
      swap_total_bytes: 4000 * 4096,
    });
  });

  it('a machine without a page file has no swap', () => {
    expect(pageFileFields(Buffer.alloc(0), 4096)).toEqual({});
  });

  it('[G8] a system that has never read a page does not count them', () => {
    expect(pagingCounters(recorded('system-performance'), 4096)).toEqual({});
    const system = Buffer.alloc(312);
    system.writeUInt32LE(17, 84);
    system.writeUInt32LE(3, 96);
    expect(pagingCounters(system, 4096)).toEqual({ major_faults: 17, swap_out: 12_288 });
  });
});

describe('interfaces of Windows', () => {
  it('[G7] only those that are hardware count: the loopback and the filters carry the same bytes', () => {
    expect(parseInterfaces(recorded('interfaces')).map(({ name }) => name)).toEqual(['ifb0', 'ifb1', 'eth0']);
  });

  it('[G7] a filter in the way of a packet is left out, though it is called hardware', () => {
    const table = recorded('interfaces');
    table.writeUInt8(0b111, 3 * 1352 + 1152);
    expect(parseInterfaces(table).map(({ name }) => name)).toEqual(['ifb0', 'ifb1']);
  });

  it('those that were used have rates, and the totals are theirs', () => {
    const first = recorded('interfaces');
    const later = Buffer.from(first);
    const row = 3 * 1352;
    later.writeBigUInt64LE(first.readBigUInt64LE(row + 1208) + 5000n, row + 1208);
    later.writeBigUInt64LE(first.readBigUInt64LE(row + 1280) + 700n, row + 1280);
    later.writeBigUInt64LE(first.readBigUInt64LE(row + 1240) + 3n, row + 1240);
    const readings = [first, later];
    const network = createNetwork({ interfaces: () => readings.shift() ?? Buffer.alloc(0) });
    void network.collect(at(1000));
    expect(network.collect(at(2000))).toMatchObject({
      net_rx: 5000,
      net_tx: 700,
      'interface:eth0:rx': 5000,
      'interface:eth0:tx': 700,
      'interface:eth0:errors': 3,
    });
  });
});

it('[G8] an interface moves no more than its link, unless it is a card of a virtual machine', () => {
  const table = recorded('interfaces');
  const row = 3 * 1352;
  table.writeBigUInt64LE(1_000_000_000n, row + 1192);
  table.writeBigUInt64LE(1_000_000_000n, row + 1200);
  const most = () => parseInterfaces(table).find(({ name }) => name === 'eth0')?.mostBytes;
  expect(most()).toBe(250_000_000);
  table.fill(0, row + 542, row + 1056);
  table.write('Microsoft Hyper-V Network Adapter', row + 542, 'utf16le');
  expect(most()).toBe(256e9);
});

describe('disks of Windows', () => {
  /** DISK_PERFORMANCE, as the documentation lays it out: wine does not answer for its disks. */
  function disk({ read = 0, written = 0, readMs = 0, idleMs = 0, reads = 0, atMs = 0 }): Buffer {
    const bytes = Buffer.alloc(88);
    const units = (ms: number) => BigInt(ms * 10_000);
    bytes.writeBigInt64LE(BigInt(read), 0);
    bytes.writeBigInt64LE(BigInt(written), 8);
    bytes.writeBigInt64LE(units(readMs), 16);
    bytes.writeBigInt64LE(units(idleMs), 32);
    bytes.writeUInt32LE(reads, 40);
    bytes.writeBigInt64LE(units(atMs), 56);
    return bytes;
  }

  it('a disk is busy for the time in which it was not idle', () => {
    expect(parseDisk('disk0', disk({ idleMs: 700, atMs: 1000 })).busyMs).toBe(300);
  });

  it('its rates and the time of a request are told, and numbers without a disk are not asked again at once', () => {
    const asked: number[] = [];
    const readings = [
      disk({ idleMs: 1000, atMs: 1000 }),
      disk({ read: 4096, reads: 4, readMs: 20, idleMs: 1750, atMs: 2000 }),
    ];
    const disks = createDisks({
      diskDescriptor: () => undefined,
      diskPerformance: (number) => {
        asked.push(number);
        return number === 2 ? readings.shift() : undefined;
      },
    });
    void disks.collect(at(1000));
    expect(asked).toHaveLength(32);
    expect(disks.collect(at(2000))).toMatchObject({
      disk_read: 4096,
      disk_write: 0,
      'disk:disk2:read': 4096,
      'disk:disk2:busy': 25,
      'disk:disk2:reads': 4,
      'disk:disk2:read_ms': 5,
    });
    expect(asked.slice(32)).toEqual([2]);
  });

  it('a machine without a disk that counts has none', () => {
    const none = { diskPerformance: () => undefined, diskDescriptor: () => undefined };
    expect(createDisks(none).collect(at(1000))).toBe('absent');
  });

  it('[G7] a disk that lies in a file of another disk is left out', () => {
    /** STORAGE_DEVICE_DESCRIPTOR of a disk with this kind of connection. */
    const descriptor = (bus: number) => {
      const bytes = Buffer.alloc(40);
      bytes.writeUInt32LE(bus, 28);
      return bytes;
    };
    const [NVME, FILE] = [17, 15];
    expect(isCarried(descriptor(NVME))).toBe(false);
    expect(isCarried(descriptor(FILE))).toBe(true);
    const asked: number[] = [];
    const disks = createDisks({
      diskDescriptor: (number) => descriptor(number === 1 ? FILE : NVME),
      diskPerformance: (number) => {
        asked.push(number);
        return undefined;
      },
    });
    void disks.collect(at(1000));
    expect(asked).not.toContain(1);
    expect(asked).toHaveLength(31);
  });
});

it('[G3] a drive with a quota is as full as its user finds it, and one that hangs hides no other', async () => {
  const measuring = {
    asker: createAsker<MountUse[]>({ atOnce: 2, patienceMs: 1 }),
    statfs: (root: string) =>
      root === 'C:\\'
        ? Promise.resolve({ bsize: 1, blocks: 1000, bfree: 600, bavail: 100, files: 0, ffree: 0 })
        : new Promise<never>(() => undefined),
  };
  const mounts = createMounts({ fixedDrives: () => ['C:\\', 'D:\\'] }, measuring);
  expect(await mounts.collect(at(0))).toEqual({
    disk: 80,
    'mount:C::used': 80,
    'mount:C::used_bytes': 400,
    'mount:C::total_bytes': 1000,
  });
});

describe('connections of Windows', () => {
  it('those of IPv4 and IPv6 are one number, and what is counted has rates', () => {
    const first = recorded('tcp-statistics');
    const later = Buffer.from(first);
    for (const [place, more] of [
      [16, 5],
      [20, 6],
      [44, 7],
      [52, 8],
    ] as const)
      later.writeUInt32LE(first.readUInt32LE(place) + more, place);
    const other = Buffer.alloc(60);
    other.writeUInt32LE(2, 32);
    const readings = [
      [first, other],
      [later, other],
    ];
    const tcp = createTcp({
      tcpStatistics: () => readings.shift() ?? [],
      udpStatistics: () => [recorded('udp-statistics')],
    });
    expect(tcp.collect(at(1000))).toEqual({ tcp_established: 8 });
    expect(tcp.collect(at(2000))).toEqual({
      tcp_established: 8,
      tcp_opened: 5,
      tcp_accepted: 6,
      tcp_retransmits: 7,
      tcp_resets: 8,
      udp_errors: 0,
    });
  });

  it('[G8] the same numbers for IPv4 and for IPv6 are those of both, and counted once', () => {
    const twice = (name: string) => [recorded(name), recorded(name)];
    const tcp = createTcp({
      tcpStatistics: () => twice('tcp-statistics'),
      udpStatistics: () => twice('udp-statistics'),
    });
    expect(tcp.collect(at(1000))).toEqual({ tcp_established: 6 });
  });
});

it('[G8] the frequency is the mean of the cores that tell one', () => {
  const cores = recorded('processor-power');
  expect(frequencyFields(cores)).toEqual({ cpu_hertz: 2_599_000_000 });
  cores.writeUInt32LE(0, 8);
  cores.writeUInt32LE(1000, 24 + 8);
  expect(frequencyFields(cores)).toEqual({ cpu_hertz: 1_000_000_000 });
  expect(frequencyFields(Buffer.alloc(48))).toBe('absent');
});

describe('batteries of Windows', () => {
  /** SYSTEM_BATTERY_STATE, as its header lays it out: wine has no battery. */
  function battery({ ac = 0, full = 50_000, left = 20_000, rate = -12_340 } = {}): Buffer {
    const state = Buffer.alloc(32);
    state.writeUInt8(ac, 0);
    state.writeUInt8(1, 1);
    state.writeUInt32LE(full, 8);
    state.writeUInt32LE(left, 12);
    state.writeInt32LE(rate, 16);
    return state;
  }

  it('charge, power and whether the machine runs on it are told', () => {
    expect(batteryFields(battery())).toEqual({
      on_battery: 1,
      'battery:all:charge': 40,
      'battery:all:watts': 12.3,
    });
    expect(batteryFields(battery({ ac: 1, rate: 30_000 }))).toMatchObject({ on_battery: 0 });
  });

  it('[G8] a power that the battery does not know is left out, and a machine without a battery has none', () => {
    expect(batteryFields(battery({ rate: -0x80000000 }))).not.toHaveProperty('battery:all:watts');
    expect(batteryFields(Buffer.alloc(32))).toBe('absent');
  });
});

it('the uptime of Windows is told in whole seconds', () => {
  expect(createUptime({ uptimeMs: () => 12_345 }).collect(at(0))).toEqual({ uptime_s: 12 });
});
