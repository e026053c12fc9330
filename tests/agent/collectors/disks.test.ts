import { describe, expect, it } from 'vitest';
import { createDisks } from '../../../agent/collectors/disks.ts';
import { fixture } from './fixture.ts';
import { last, over } from './readings.ts';
import { sysFolder } from './sys.ts';

/** /sys/block with these whole disks; those in `virtual` have no device. */
function sysBlock(disks: readonly string[], virtual: readonly string[] = []): string {
  return sysFolder({
    ...Object.fromEntries(disks.map((name) => [`${name}/device/model`, 'A disk'])),
    ...Object.fromEntries(virtual.map((name) => [`${name}/size`, '1'])),
  });
}
const HIDDEN = '/nowhere';

const grown = fixture('diskstats.txt')
  .replace(
    'nvme0n1 1000 0 20000 500 2000 0 40000 900 0 3000',
    'nvme0n1 1010 0 20200 500 2020 0 40100 900 0 3250',
  )
  .replace('sda 100 0 2000', 'sda 100 0 2010');

/** One line of /proc/diskstats: sectors read and written, milliseconds busy, requests in flight. */
const line = (name: string, read: number, written: number, busy = 0, inFlight = 0) =>
  `   8 0 ${name} 10 0 ${read} 5 10 0 ${written} 5 ${inFlight} ${busy} 10 0 0 0 0\n`;

describe('disks', () => {
  it('[G7] disk traffic is that of whole disks: no partition, loop, memory disk, optical drive or mapping counts', async () => {
    const idle = (disk: string) =>
      Object.fromEntries(
        ['reads', 'writes', 'read_ms', 'write_ms', 'queue'].map((field) => [`disk:${disk}:${field}`, 0]),
      );
    const expected = {
      ...idle('nvme0n1'),
      ...idle('sda'),
      'disk:nvme0n1:reads': 10,
      'disk:nvme0n1:writes': 20,
      disk_read: 210 * 512,
      disk_write: 100 * 512,
      'disk:nvme0n1:read': 200 * 512,
      'disk:nvme0n1:write': 100 * 512,
      'disk:nvme0n1:busy': 25,
      'disk:sda:read': 10 * 512,
      'disk:sda:write': 0,
      'disk:sda:busy': 0,
    };
    const folder = sysBlock(['nvme0n1', 'sda', 'sdb', 'sr0'], ['loop0', 'ram0', 'dm-0']);
    expect(await last(createDisks(folder), fixture('diskstats.txt'), grown)).toEqual(expected);
    expect(await last(createDisks(HIDDEN), fixture('diskstats.txt').replace(/.*hda1.*/, ''), grown)).toEqual(
      expected,
    );
  });

  it('[G7] caches and volumes of ZFS over disks are not counted again, with /sys and without', async () => {
    const [one, two] = [fixture('diskstats-stacked-1.txt'), fixture('diskstats-stacked-2.txt')];
    const folder = sysBlock(['sda', 'nvme0n1'], ['bcache0', 'zd0', 'zd16', 'md0', 'dm-0']);
    for (const collector of [createDisks(folder), createDisks(HIDDEN)]) {
      const fields = await last(collector, one, two);
      expect(fields).toMatchObject({ disk_read: 0, disk_write: 2 * 20_000 * 512 });
      expect(JSON.stringify(fields)).not.toMatch(/bcache|zd|md0|dm-/);
    }
  });

  it('[G7] what has no device is no disk, whatever its name is, and what has one is a disk', async () => {
    const names = ['sda', 'drbd1', 'ploop1', 'nvme0n1', 'xvda1', 'mapped!one'];
    const at = (sectors: number) => names.map((name) => line(name.replace('!', '/'), sectors, 0)).join('');
    const folder = sysBlock(['nvme0n1', 'xvda1'], ['drbd1', 'ploop1', 'sda', 'mapped!one']);
    expect(await last(createDisks(folder), at(1000), at(1010))).toMatchObject({ disk_read: 2 * 10 * 512 });
  });

  it('the time of a request is that of those which ended in the second, and 0 where none did', async () => {
    const requests = (reads: number, readMs: number, writes: number, writeMs: number, queuedMs: number) =>
      `   8 0 sda ${reads} 0 1000 ${readMs} ${writes} 0 1000 ${writeMs} 0 10 ${queuedMs} 0 0 0 0\n`;
    const [first, second, third] = [
      requests(100, 500, 100, 500, 1000),
      requests(150, 1100, 104, 503, 2203),
      requests(150, 1100, 108, 503, 2203),
    ];
    const answers = await over(createDisks(HIDDEN), first, second, third);
    expect(answers[1]).toMatchObject({
      'disk:sda:reads': 50,
      'disk:sda:read_ms': 12,
      'disk:sda:writes': 4,
      'disk:sda:write_ms': 0.75,
      'disk:sda:queue': 1.2,
    });
    expect(answers[2]).toMatchObject({ 'disk:sda:reads': 0, 'disk:sda:read_ms': 0, 'disk:sda:write_ms': 0 });
  });

  it('[G8] requests whose number or time falls or jumps have no rate', async () => {
    const requests = (reads: number, readMs: number) =>
      `   8 0 sda ${reads} 0 1000 ${readMs} 1 0 1000 1 0 10 1 0 0 0 0\n`;
    const jumped = await last(createDisks(HIDDEN), requests(100, 500), requests(2 ** 62, 510));
    expect(jumped).not.toHaveProperty('disk:sda:reads');
    expect(jumped).not.toHaveProperty('disk:sda:read_ms');
    const fell = await last(createDisks(HIDDEN), requests(100, 500), requests(110, 490));
    expect(fell).toHaveProperty('disk:sda:reads', 10);
    expect(fell).not.toHaveProperty('disk:sda:read_ms');
  });

  it('a disk has no rate at first and after a reset or a wrap', async () => {
    const answers = await over(createDisks(HIDDEN), grown, fixture('diskstats.txt'), undefined);
    expect(answers[0]).toEqual({});
    // Only the counters of the other disk did not go back.
    expect(answers[1]).not.toHaveProperty('disk:nvme0n1:read');
    expect(answers[2]).toBe('absent');
  });

  it.each([
    ['its bytes jump', line('sda', 1e18, 2000)],
    ['its bytes jump past 2^63', line('sda', 1000, 1.8e19)],
    ['all its counters show 0', '   8 0 sda 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n'],
  ])('[G8] a disk has no rate for the seconds in which %s, and neither has the total', async (_, lie) => {
    const good = (second: number) =>
      line('sda', 1000 + second * 10, 2000) + line('sdb', 1000 + second * 10, 2000);
    const answers = await over(
      createDisks(HIDDEN),
      good(0),
      good(1),
      lie + line('sdb', 1020, 2000),
      good(3),
      good(4),
    );
    for (const second of [1, 4])
      expect(answers[second]).toMatchObject({ 'disk:sda:read': 5120, disk_read: 10_240 });
    for (const second of [2, 3]) {
      expect(answers[second]).toMatchObject({ 'disk:sdb:read': 5120 });
      expect(JSON.stringify(answers[second])).not.toMatch(/disk_read|disk_write|sda:read/);
    }
  });

  it('[G8] a disk is busy for longer than a second only when a request that began earlier has ended', async () => {
    const busy = (ms: number, inFlight: number, before = 0) => [
      line('sda', 1000, 0, before, inFlight),
      line('sda', 1000, 0, before + ms),
    ];
    expect(await last(createDisks(HIDDEN), ...busy(9000, 1))).toHaveProperty('disk:sda:busy', 100);
    expect(await last(createDisks(HIDDEN), ...busy(1020, 0))).toHaveProperty('disk:sda:busy', 100);
    for (const [ms, inFlight] of [
      [9000, 0],
      [1e15, 1],
      [1.8e19, 0],
    ] as const)
      expect(await last(createDisks(HIDDEN), ...busy(ms, inFlight))).not.toHaveProperty('disk:sda:busy');
  });
});
