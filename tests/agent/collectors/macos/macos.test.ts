/** What macOS answers → fields, on structures laid out by hand as its public headers do: nothing here ran on a Mac. */
import { describe, expect, it } from 'vitest';
import type { Context } from '../../../../agent/collectors/collector.ts';
import { batteryFields } from '../../../../agent/collectors/macos/batteries.ts';
import { createDisks, readDisk } from '../../../../agent/collectors/macos/disks.ts';
import type { Driver } from '../../../../agent/collectors/macos/iokit.ts';
import { macosCollectors } from '../../../../agent/collectors/macos/list.ts';
import {
  createMemory,
  memoryFields,
  pagingCounters,
  swapFields,
} from '../../../../agent/collectors/macos/memory.ts';
import { parseMounts } from '../../../../agent/collectors/macos/mounts.ts';
import { createNetwork, parseInterfaces } from '../../../../agent/collectors/macos/network.ts';
import { findFilesystems } from '../../../../agent/collectors/mountinfo.ts';

const at = (ms: number): Context => ({
  at: ms,
  read: () => undefined,
  readAside: () => Promise.resolve(undefined),
});
const words = (bytes: Buffer, values: Readonly<Record<number, number>>) => {
  for (const [place, value] of Object.entries(values)) bytes.writeUInt32LE(value, Number(place));
  return bytes;
};

/** vm_statistics64 of <mach/vm_statistics.h>. */
const vm = () =>
  // free, active, inactive, wired; then pages in and out, what may be purged, swapped in and out, …
  words(Buffer.alloc(152), {
    ...{ 0: 1000, 4: 30_000, 8: 20_000, 12: 10_000, 32: 500, 40: 7, 88: 2000, 112: 11, 120: 13 },
    // … compressed, throttled, those of files, those of programs.
    ...{ 128: 5000, 132: 0, 136: 25_000, 140: 40_000 },
  });
const PAGE = 16_384;

describe('memory of macOS', () => {
  it('what programs have, wired and compressed is used; files in memory are cache', () => {
    expect(memoryFields(vm(), PAGE, 100_000 * PAGE)).toEqual({
      ram: 53,
      mem_used_bytes: 53_000 * PAGE,
      mem_available_bytes: 47_000 * PAGE,
      mem_cached_bytes: 27_000 * PAGE,
      mem_total_bytes: 100_000 * PAGE,
    });
  });

  it('[G8] more use than there is memory is not believed', () => {
    expect(memoryFields(vm(), PAGE, 1000 * PAGE)).toEqual({});
  });

  it('swap traffic is counted in bytes, and swap files as swap', () => {
    expect(pagingCounters(vm(), PAGE)).toEqual({
      swap_in: 11 * PAGE,
      swap_out: 13 * PAGE,
      major_faults: 500,
    });
    // xsw_usage of <sys/sysctl.h>: all, left, used.
    expect(swapFields(words(Buffer.alloc(32), { 0: 4000, 8: 3000, 16: 1000 }))).toEqual({
      swap: 25,
      swap_used_bytes: 1000,
      swap_total_bytes: 4000,
    });
    expect(swapFields(Buffer.alloc(32))).toEqual({});
  });

  it('[G3] a system that does not tell has no memory to show', () => {
    const silent = {
      sysctl: () => undefined,
      vmStatistics: () => undefined,
      interfaces: () => undefined,
      mounts: () => undefined,
    };
    expect(createMemory(silent, 1).collect(at(0))).toBe('absent');
  });
});

/** if_msghdr2 of <net/if.h> with the sockaddr_dl of <net/if_dl.h> behind it. */
function message({ name = 'en0', type = 6, rx = 0, tx = 0, errors = 0, kind = 0x12 }): Buffer {
  const bytes = Buffer.alloc(160 + 20);
  bytes.writeUInt16LE(bytes.length, 0);
  bytes.writeUInt8(kind, 3);
  bytes.writeUInt8(type, 32);
  bytes.writeBigUInt64LE(BigInt(errors), 32 + 32);
  bytes.writeBigUInt64LE(BigInt(rx), 32 + 64);
  bytes.writeBigUInt64LE(BigInt(tx), 32 + 72);
  bytes.writeUInt8(20, 160);
  bytes.writeUInt8(name.length, 165);
  bytes.write(name, 168);
  return bytes;
}

describe('interfaces of macOS', () => {
  it('[G7] cards are what their type and name say; links between devices, bridges and tunnels carry the same bytes', () => {
    const list = Buffer.concat([
      message({ name: 'lo0', type: 24 }),
      message({ name: 'en0' }),
      message({ name: 'awdl0' }),
      message({ name: 'bridge0', type: 209 }),
      message({ name: 'utun3', type: 1 }),
      message({ name: 'ignored', kind: 0xc }),
    ]);
    expect(parseInterfaces(list).map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      ...['en0 device', 'awdl0 other', 'bridge0 stacked', 'utun3 tunnel'],
    ]);
  });

  it('counters beyond 4 GiB have rates, and the totals are those of the cards', () => {
    const readings = [2 ** 33, 2 ** 33 + 5000].map((rx) =>
      Buffer.concat([message({ rx, tx: 9, errors: rx - 2 ** 33 }), message({ name: 'utun3', type: 1, rx })]),
    );
    const network = createNetwork({ interfaces: () => readings.shift() });
    void network.collect(at(1000));
    expect(network.collect(at(2000))).toMatchObject({
      net_rx: 5000,
      net_tx: 0,
      'interface:en0:rx': 5000,
      'interface:en0:errors': 5000,
      'interface:utun3:rx': 5000,
    });
  });

  it('a list that is cut gives what is whole in it, and no end without a length', () => {
    const list = Buffer.concat([message({ rx: 1 }), message({ name: 'en1' })]);
    expect(parseInterfaces(list.subarray(0, 200)).map(({ name }) => name)).toEqual(['en0']);
    expect(parseInterfaces(Buffer.alloc(100))).toEqual([]);
  });
});

it('the mounts of macOS are its local filesystems, those of one APFS container together', () => {
  /** statfs of <sys/mount.h>. */
  const mount = (path: string, type: string, source: string, flags = 0) => {
    const bytes = Buffer.alloc(2168);
    bytes.writeUInt32LE(flags, 64);
    bytes.write(type, 72);
    bytes.write(path, 88);
    bytes.write(source, 1112);
    return bytes;
  };
  const list = Buffer.concat([
    mount('/', 'apfs', '/dev/disk3s1s1', 1),
    mount('/System/Volumes/Data', 'apfs', '/dev/disk3s5'),
    mount('/dev', 'devfs', 'devfs'),
    mount('/Volumes/Backup', 'hfs', '/dev/disk4s2'),
    mount('/Volumes/share', 'smbfs', '//nas/share'),
  ]);
  expect(parseMounts(list)).toHaveLength(5);
  expect(findFilesystems(parseMounts(list)).map(({ path, readOnly }) => ({ path, readOnly }))).toEqual([
    { path: '/', readOnly: false },
    { path: '/Volumes/Backup', readOnly: false },
  ]);
});

describe('what drivers of macOS tell', () => {
  /** A driver with these properties: numbers by `within/key`, texts by the key. */
  const driver = (numbers: Record<string, number>, texts: Record<string, string> = {}): Driver => ({
    number: (key, within) => numbers[within === undefined ? key : `${within}/${key}`],
    text: (key) => texts[key],
  });
  const statistics = (read: number) => ({
    'Statistics/Bytes (Read)': read,
    'Statistics/Bytes (Write)': 0,
    'Statistics/Operations (Read)': read / 1000,
    'Statistics/Operations (Write)': 0,
    'Statistics/Total Time (Read)': (read / 1000) * 2e6,
    'Statistics/Total Time (Write)': 0,
  });

  it('a disk has rates and the time of a request; how busy it is nobody counts', () => {
    const readings = [
      driver(statistics(0), { 'BSD Name': 'disk0' }),
      driver(statistics(8000), { 'BSD Name': 'disk0' }),
    ];
    const disks = createDisks({ drivers: (_, read) => [readings.shift() ?? driver({})].map(read) });
    void disks.collect(at(1000));
    const fields = disks.collect(at(2000));
    expect(fields).toMatchObject({
      disk_read: 8000,
      'disk:disk0:read': 8000,
      'disk:disk0:reads': 8,
      'disk:disk0:read_ms': 2,
    });
    expect(fields).not.toHaveProperty('disk:disk0:busy');
  });

  it('[G7] an image that is mounted is no disk of its own', () => {
    const texts = { 'BSD Name': 'disk5', 'Physical Interconnect': 'Virtual Interface' };
    expect(readDisk(driver(statistics(1), texts))).toBeUndefined();
    expect(readDisk(driver(statistics(1)))).toBeUndefined();
  });

  it('a battery tells charge, power and what it still holds', () => {
    const fields = batteryFields(
      driver({
        ...{ CurrentCapacity: 80, MaxCapacity: 100, AppleRawMaxCapacity: 4500, DesignCapacity: 5000 },
        ...{ Voltage: 12_000, Amperage: -1500, ExternalConnected: 0 },
      }),
    );
    expect(fields).toEqual({
      'battery:internal:charge': 80,
      'battery:internal:watts': 18,
      'battery:internal:health': 90,
      on_battery: 1,
    });
  });
});

it('[G3] where the libraries of macOS cannot be called, the portable collectors measure, and it is said', async () => {
  const portable = [{ name: 'memory', create: () => ({ collect: () => ({ ram: 1 }) }) }];
  const problems: unknown[] = [];
  expect(await macosCollectors(portable, (error) => problems.push(error))).toEqual(portable);
  expect(problems).toHaveLength(2);
});
