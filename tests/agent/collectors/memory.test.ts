import { describe, expect, it } from 'vitest';
import { createMemory, memoryFields, parseMeminfo, swapFields } from '../../../agent/collectors/memory.ts';
import { fixture } from './fixture.ts';
import { contextAt } from './readings.ts';

const MEMINFO = fixture('meminfo-zfs.txt');
const ARCSTATS = fixture('arcstats-zfs.txt');

/** The memory fields where /proc has these texts; without `arcstats` there is no ZFS. */
async function measure(meminfo: string, arcstats?: string, isContainer = false) {
  const read = (path: string) => (path === '/proc/meminfo' ? meminfo : arcstats);
  return createMemory(() => isContainer).collect(contextAt(0, read));
}

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

  it('the cache of ZFS beyond its least size is not counted as used', async () => {
    const used = 11_012_000 * 1024;
    expect(await measure(MEMINFO, ARCSTATS)).toEqual({
      ram: 33.61,
      mem_used_bytes: used,
      mem_available_bytes: 32_768_000 * 1024 - used,
      mem_cached_bytes: (500_000 + 40_000 + 120_000) * 1024 + 20_971_520_000 - 1_048_576_000,
      mem_total_bytes: 32_768_000 * 1024,
    });
  });

  it('the cache of ZFS in a container is the host’s, and not this machine’s', async () => {
    expect(await measure(MEMINFO, ARCSTATS, true)).toMatchObject({ ram: 92.98 });
    // Larger than all that is used here.
    const foreign = ARCSTATS.replace('20971520000', '900000000000');
    expect(await measure(MEMINFO, foreign)).toMatchObject({ ram: 92.98 });
  });

  it.each([
    ['a cache at its least size', ARCSTATS.replace('20971520000', '1048576000')],
    ['a cache below its least size', ARCSTATS.replace('20971520000', '1000')],
    ['figures without a least size', ARCSTATS.replace(/^c_min.*\n/m, '')],
    ['an empty file', ''],
    ['no ZFS', undefined],
  ])('with %s, memory is what the kernel says', async (_, arcstats) => {
    expect(await measure(MEMINFO, arcstats)).toMatchObject({ ram: 92.98 });
  });

  it('ZFS that is loaded later is found within a minute', async () => {
    let arcstats: string | undefined;
    const collector = createMemory(() => false);
    const at = (ms: number) =>
      collector.collect(contextAt(ms, (path) => (path === '/proc/meminfo' ? MEMINFO : arcstats)));
    expect(await at(0)).toMatchObject({ ram: 92.98 });
    arcstats = ARCSTATS;
    expect(await at(60_000)).toMatchObject({ ram: 33.61 });
    arcstats = undefined;
    expect(await at(61_000)).toMatchObject({ ram: 92.98 });
  });
});
