import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { SCALARS } from '#protocol/fields.ts';
import { fieldInfo } from '#protocol/fields.ts';
import { parsePush } from '#protocol/sample.ts';
import type { Collector, Fields } from '../../../agent/collectors/collector.ts';
import { createCpu, cpuFields, parseCpuTimes } from '../../../agent/collectors/cpu.ts';
import { createDisks, looksLikePartition } from '../../../agent/collectors/disks.ts';
import { collectorsFor } from '../../../agent/collectors/list.ts';
import { parseLoad } from '../../../agent/collectors/load.ts';
import { memoryFields, parseMeminfo, swapFields } from '../../../agent/collectors/memory.ts';
import { parseMountinfo } from '../../../agent/collectors/mountinfo.ts';
import { createMounts, mountFields, mountUse } from '../../../agent/collectors/mounts.ts';
import { createNetwork } from '../../../agent/collectors/network.ts';
import * as portable from '../../../agent/collectors/portable.ts';
import { countProcesses, parseRunning } from '../../../agent/collectors/processes.ts';
import { createReader } from '../../../agent/collectors/reader.ts';
import { createSensors, parseMillidegrees } from '../../../agent/collectors/sensors.ts';
import { parseUptime } from '../../../agent/collectors/uptime.ts';
import { fixture } from './fixture.ts';

/** The answers of a collector that reads one text after another, a second apart. */
async function over(collector: Collector, ...texts: (string | undefined)[]): Promise<(Fields | 'absent')[]> {
  const answers: (Fields | 'absent')[] = [];
  for (const [index, text] of texts.entries())
    answers.push(await collector.collect({ at: index * 1000, read: () => text }));
  return answers;
}

/** The answer to the last text. */
async function last(
  collector: Collector,
  ...texts: (string | undefined)[]
): Promise<Fields | 'absent' | undefined> {
  return (await over(collector, ...texts)).at(-1);
}

describe('cpu', () => {
  it('cpu fields are the shares of the time between two readings, by kind and by core', async () => {
    // 200 ticks: 60 user, 20 system, 20 stolen, 10 waiting, 90 idle.
    expect(await last(createCpu(), fixture('stat-1.txt'), fixture('stat-2.txt'))).toEqual({
      cpu: 50,
      cpu_user: 30,
      cpu_system: 10,
      cpu_iowait: 5,
      cpu_steal: 10,
      'core:0:cpu': 80,
      'core:1:cpu': 20,
    });
  });

  it('there are no cpu fields at first, after a reset, and without time in between; a falling iowait counts as 0', async () => {
    const [one, two] = [fixture('stat-1.txt'), fixture('stat-2.txt')];
    expect(await over(createCpu(), one, two, one, one, undefined)).toEqual([
      {},
      expect.anything(),
      {},
      {},
      'absent',
    ]);
    const falling = cpuFields(
      parseCpuTimes('cpu 10 0 10 100 50 0 0 0\n'),
      parseCpuTimes('cpu 20 0 10 190 40 0 0 0\n'),
    );
    expect(falling).toMatchObject({ cpu: 10, cpu_iowait: 0 });
  });

  it('cpu fields come from the four columns of an old kernel too, and cores may come and go', () => {
    const before = parseCpuTimes('cpu 100 0 100 800\ncpu0 100 0 100 800\n');
    const now = parseCpuTimes('cpu 150 0 100 850\ncpu1 150 0 100 850\n');
    expect(cpuFields(before, now)).toEqual({
      cpu: 50,
      cpu_user: 50,
      cpu_system: 0,
      cpu_iowait: 0,
      cpu_steal: 0,
    });
  });
});

describe('memory', () => {
  it('used memory is what no program could get', () => {
    const bytes = parseMeminfo(fixture('meminfo.txt'));
    expect(memoryFields(bytes)).toEqual({
      ram: 43.75,
      mem_used_bytes: 7_000_000 * 1024,
      mem_available_bytes: 9_000_000 * 1024,
      mem_cached_bytes: 6_800_000 * 1024,
      mem_total_bytes: 16_000_000 * 1024,
    });
    expect(swapFields(bytes)).toEqual({
      swap: 25,
      swap_used_bytes: 1_000_000 * 1024,
      swap_total_bytes: 4_000_000 * 1024,
    });
  });

  it('memory is read on old kernels and on machines without swap, and is absent when the file is empty', () => {
    const old = parseMeminfo(fixture('meminfo-old.txt'));
    expect(memoryFields(old)).toMatchObject({ ram: 50, mem_available_bytes: 500_000 * 1024 });
    expect(swapFields(old)).toBe('absent');
    expect(memoryFields(parseMeminfo(''))).toBe('absent');
  });
});

describe('load, uptime, processes', () => {
  it('load, uptime and processes are read from the files of /proc', () => {
    expect(parseLoad('0.52 0.58 0.59 1/467 12345\n')).toEqual({ load1: 0.52, load5: 0.58, load15: 0.59 });
    expect(parseLoad('')).toBe('absent');
    expect(parseUptime('2256.71 4012.33\n')).toEqual({ uptime_s: 2256 });
    expect(parseUptime('x')).toBe('absent');
    expect(countProcesses(['1', '42', 'self', 'sys', '0x', '7'])).toBe(3);
    expect(parseRunning(fixture('stat-1.txt'))).toBe(3);
    expect(parseRunning('cpu 1 2 3\n')).toBeUndefined();
  });
});

describe('mounts', () => {
  it('mounts are the local filesystems that hold data, each once, without those that could hang', () => {
    expect(parseMountinfo(fixture('mountinfo-host.txt'))).toEqual([
      { path: '/', readOnly: false },
      { path: '/boot/efi', readOnly: false },
      { path: '/home', readOnly: false },
      { path: '/media/stick', readOnly: true },
      { path: '/data', readOnly: false },
    ]);
  });

  it('mounts in a container are its overlay root and its volumes, not the files mounted in /etc', () => {
    expect(parseMountinfo(fixture('mountinfo-container.txt')).map(({ path }) => path)).toEqual([
      '/',
      '/data',
    ]);
    expect(parseMountinfo('garbage\n\n12 - x')).toEqual([]);
    expect(parseMountinfo(String.raw`1 0 8:1 / /a\040b\134c rw - ext4 /dev/sda rw`)[0]?.path).toBe('/a b\\c');
  });

  it('filesystems are measured as df does, and `disk` is the fullest writable one', () => {
    const space = { bsize: 4096, blocks: 1000, bfree: 400, bavail: 300, files: 200, ffree: 150 };
    const half = { used: 66.67, usedBytes: 600 * 4096, totalBytes: 4_096_000, inodes: 25 };
    expect(mountUse(space)).toEqual(half);
    expect(mountUse({ ...space, blocks: 0 })).toBeUndefined();
    const full = { ...half, used: 100, inodes: undefined };
    const [root, image] = [
      { path: '/', readOnly: false },
      { path: '/image', readOnly: true },
    ];
    expect(
      mountFields([
        [root, half],
        [image, full],
      ]),
    ).toEqual({
      disk: 66.67,
      'mount:/:used': 66.67,
      'mount:/:used_bytes': 600 * 4096,
      'mount:/:total_bytes': 4_096_000,
      'mount:/:inodes': 25,
      'mount:/image:used': 100,
      'mount:/image:used_bytes': 600 * 4096,
      'mount:/image:total_bytes': 4_096_000,
    });
    expect(mountFields([[image, full]])).toMatchObject({ disk: 100 });
    expect(mountFields([])).toBe('absent');
  });

  it('[G3] a filesystem that cannot be measured leaves the fields of the others in the sample', async () => {
    const space = { bsize: 1, blocks: 10, bfree: 5, bavail: 5, files: 0, ffree: 0 };
    const ask = (path: string) => (path === '/' ? Promise.reject(new Error('EIO')) : Promise.resolve(space));
    const fields = await last(createMounts(ask), fixture('mountinfo-container.txt'));
    expect(fields).toEqual({
      disk: 50,
      'mount:/data:used': 50,
      'mount:/data:used_bytes': 5,
      'mount:/data:total_bytes': 10,
    });
  });
});

describe('disks', () => {
  const isWhole = (name: string) => !looksLikePartition(name);
  const grown = fixture('diskstats.txt')
    .replace(
      'nvme0n1 1000 0 20000 500 2000 0 40000 900 0 3000',
      'nvme0n1 1010 0 20200 500 2020 0 40100 900 0 3250',
    )
    .replace('sda 100 0 2000', 'sda 100 0 2010');

  it('disk traffic is that of whole disks: no partition, loop, memory disk, optical drive or mapping counts', async () => {
    expect(await last(createDisks(isWhole), fixture('diskstats.txt'), grown)).toEqual({
      disk_read: 210 * 512,
      disk_write: 100 * 512,
      'disk:nvme0n1:read': 200 * 512,
      'disk:nvme0n1:write': 100 * 512,
      'disk:nvme0n1:busy': 25,
      'disk:sda:read': 10 * 512,
      'disk:sda:write': 0,
      'disk:sda:busy': 0,
    });
  });

  it('a disk has no rate at first and after a reset or a wrap, and is never more than 100 % busy', async () => {
    const answers = await over(createDisks(isWhole), grown, fixture('diskstats.txt'), undefined);
    expect(answers[0]).toEqual({});
    // Only the counters of the other disk did not go back.
    expect(answers[1]).not.toHaveProperty('disk:nvme0n1:read');
    expect(answers[2]).toBe('absent');
    const stuck = fixture('diskstats.txt').replace(' 0 3000 1400', ' 0 99000 1400');
    expect(await last(createDisks(isWhole), fixture('diskstats.txt'), stuck)).toHaveProperty(
      'disk:nvme0n1:busy',
      100,
    );
  });
});

describe('network', () => {
  const grown = fixture('netdev.txt')
    .replace('eth0: 1000000    900    3', 'eth0: 1008000    950    5')
    .replace('wlan0:500 5', 'wlan0:600 5')
    .replace('wg0:  400000', 'wg0:  404000');

  it('network totals are the sum of the interfaces with a device behind them, without tunnels and bridges', async () => {
    const physical = (name: string) => name === 'eth0' || name === 'wlan0';
    expect(await last(createNetwork(physical), fixture('netdev.txt'), grown)).toEqual({
      net_rx: 8100,
      net_tx: 0,
      'interface:eth0:rx': 8000,
      'interface:eth0:tx': 0,
      'interface:eth0:errors': 2,
      'interface:wlan0:rx': 100,
      'interface:wlan0:tx': 0,
      'interface:wlan0:errors': 0,
      'interface:docker0:rx': 0,
      'interface:docker0:tx': 0,
      'interface:docker0:errors': 0,
      'interface:wg0:rx': 4000,
      'interface:wg0:tx': 0,
      'interface:wg0:errors': 0,
    });
  });

  it('network totals in a container, which sees no device, leave out the interfaces that carry bytes again', async () => {
    const answer = await last(
      createNetwork(() => false),
      fixture('netdev.txt'),
      grown,
    );
    expect(answer).toMatchObject({ net_rx: 8100 });
  });

  it('an interface has no rate when its counter went back', async () => {
    const answer = await last(
      createNetwork(() => true),
      grown,
      fixture('netdev.txt'),
    );
    expect(answer).toMatchObject({ 'interface:docker0:rx': 0 });
    expect(JSON.stringify(answer)).not.toMatch(/eth0|-\d/);
  });
});

describe('sensors', () => {
  const files = new Map([
    ['/sys/class/hwmon/hwmon0/name', 'coretemp\n'],
    ['/sys/class/hwmon/hwmon0/temp1_label', 'Package id 0\n'],
    ['/sys/class/hwmon/hwmon0/temp1_input', '45500\n'],
    ['/sys/class/hwmon/hwmon1/name', 'coretemp\n'],
    ['/sys/class/hwmon/hwmon1/temp1_label', 'Package id 0\n'],
    ['/sys/class/hwmon/hwmon1/temp1_input', '47000\n'],
    ['/sys/class/hwmon/hwmon2/name', 'nvme\n'],
    ['/sys/class/hwmon/hwmon2/temp1_input', '-273150\n'],
  ]);
  const list = (folder: string) => [
    ...new Set(
      [...files.keys()]
        .filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1).split('/')[0] ?? ''),
    ),
  ];

  it('sensors are named by chip and label, each with its own name, and impossible temperatures are left out', async () => {
    const collector = createSensors(list);
    expect(await collector.collect({ at: 0, read: (path) => files.get(path) })).toEqual({
      'sensor:coretemp Package id 0:celsius': 45.5,
      'sensor:coretemp Package id 0 2:celsius': 47,
    });
  });

  it('sensors are the thermal zones when there are no others, and absent in a container', async () => {
    const zones = createSensors((folder) =>
      folder.endsWith('thermal') ? ['thermal_zone0', 'cooling_device0'] : [],
    );
    const read = (path: string) => (path.endsWith('type') ? 'cpu-thermal\n' : '52123\n');
    expect(await zones.collect({ at: 0, read })).toEqual({ 'sensor:cpu-thermal:celsius': 52.1 });
    expect(await createSensors(() => []).collect({ at: 0, read: () => undefined })).toBe('absent');
    expect(parseMillidegrees('')).toBeUndefined();
    expect(parseMillidegrees('x')).toBeUndefined();
  });
});

describe('the portable collectors', () => {
  it('the portable collectors give the same fields from Node and systeminformation', () => {
    const times = portable.coreTimes([{ times: { user: 30, nice: 0, sys: 10, irq: 0, idle: 60 } }]);
    expect(
      cpuFields(portable.coreTimes([{ times: { user: 0, nice: 0, sys: 0, irq: 0, idle: 0 } }]), times),
    ).toMatchObject({ cpu: 40, 'core:0:cpu': 40 });
    const sizes = [
      {
        fs: '/dev/disk3s1',
        type: 'APFS',
        size: 1000,
        used: 400,
        available: 600,
        use: 40,
        mount: '/',
        rw: true,
      },
      {
        fs: 'nas',
        type: 'smbfs',
        size: 1000,
        used: 999,
        available: 1,
        use: 99,
        mount: '/Volumes/nas',
        rw: true,
      },
    ];
    expect(portable.mountsFromLibrary(sizes)).toEqual({
      disk: 40,
      'mount:/:used': 40,
      'mount:/:used_bytes': 400,
      'mount:/:total_bytes': 1000,
    });
  });

  it('the portable collectors run on this machine, and the server accepts their fields', async () => {
    const reader = createReader();
    for (const { name, create } of collectorsFor('darwin')) {
      if (name === 'processes') continue;
      const collector = create();
      await collector.collect({ at: 0, read: reader.read });
      const fields = await collector.collect({ at: 1000, read: reader.read });
      if (fields === 'absent') continue;
      const push = { device_id: 'd', hostname: 'h', ip: '', timestamp: Date.now(), metrics: fields };
      expect(parsePush(push).error?.issues, name).toBeUndefined();
    }
    reader.close();
  });
});

describe.runIf(process.platform === 'linux')('the list, on this machine', () => {
  it('the collectors for Linux give known fields only, which the server accepts, and leave no file open', async () => {
    const reader = createReader();
    const collectors = collectorsFor('linux').map(({ create }) => create());
    const round = async (at: number) => {
      const answers = await Promise.all(collectors.map((one) => one.collect({ at, read: reader.read })));
      return answers.reduce<Fields>((all, one) => (one === 'absent' ? all : { ...all, ...one }), {});
    };
    await round(0);
    const handles = readdirSync('/proc/self/fd').length;
    const metrics = await round(1000);
    await round(2000);
    expect(readdirSync('/proc/self/fd').length).toBe(handles);
    reader.close();
    const push = parsePush({ device_id: 'd', hostname: 'h', ip: '', timestamp: Date.now(), metrics });
    const values = push.data?.samples[0]?.values ?? {};
    expect(Object.keys(values).filter((name) => fieldInfo(name) === undefined)).toEqual([]);
    for (const name of ['ram', 'disk', 'load1', 'uptime_s', 'processes'] satisfies (keyof typeof SCALARS)[])
      expect(values).toHaveProperty(name);
  });
});
