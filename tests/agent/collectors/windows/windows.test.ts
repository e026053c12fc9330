/** What Windows answers → fields, on answers recorded from wine 8 on a machine of two cores (`fixtures/`). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Context } from '../../../../agent/collectors/collector.ts';
import { createCpu, parseCoreTimes } from '../../../../agent/collectors/windows/cpu.ts';
import { createDisks, parseDisk } from '../../../../agent/collectors/windows/disks.ts';
import { memoryFields } from '../../../../agent/collectors/windows/memory.ts';
import { createMounts } from '../../../../agent/collectors/windows/mounts.ts';
import { createNetwork, parseInterfaces } from '../../../../agent/collectors/windows/network.ts';
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
    const cpu = createCpu({ coreTimes: () => readings.shift() ?? Buffer.alloc(0) });
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
    processes: 7,
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
    expect(createDisks({ diskPerformance: () => undefined }).collect(at(1000))).toBe('absent');
  });
});

it('a drive with a quota is as full as its user finds it, and one that does not tell hides no other', () => {
  const mounts = createMounts({
    fixedDrives: () => ['C:\\', 'D:\\'],
    space: (root) => (root === 'C:\\' ? { total: 1000, free: 600, available: 100 } : undefined),
  });
  expect(mounts.collect(at(0))).toEqual({
    disk: 80,
    'mount:C::used': 80,
    'mount:C::used_bytes': 400,
    'mount:C::total_bytes': 1000,
  });
});

it('the uptime of Windows is told in whole seconds', () => {
  expect(createUptime({ uptimeMs: () => 12_345 }).collect(at(0))).toEqual({ uptime_s: 12 });
});
