import { describe, expect, it } from 'vitest';
import { createCpuFrequency, meanHertz } from '../../../agent/collectors/cpu-frequency.ts';
import { conntrackFields, createLimits, parseOpenFiles } from '../../../agent/collectors/limits.ts';
import { memoryParts, parseMeminfo } from '../../../agent/collectors/memory.ts';
import { parsePageSize } from '../../../agent/collectors/page-size.ts';
import { createPaging, parseVmstat } from '../../../agent/collectors/paging.ts';
import { createPressure, parsePressure } from '../../../agent/collectors/pressure.ts';
import { createTcp, parseTimeWait } from '../../../agent/collectors/tcp.ts';
import { createReader } from '../../../agent/collectors/reader.ts';
import { fixture } from './fixture.ts';
import { contextAt, last } from './readings.ts';
import { sysFolder } from './sys.ts';

describe('memory in detail', () => {
  it('the parts of the memory are those of /proc/meminfo, and huge pages only where there are some', () => {
    const bytes = parseMeminfo('Dirty: 8 kB\nWriteback: 4 kB\nShmem: 3 kB\nSlab: 2 kB\nCommitted_AS: 9 kB\n');
    expect(memoryParts(bytes)).toEqual({
      mem_dirty_bytes: 12 * 1024,
      mem_shared_bytes: 3 * 1024,
      mem_slab_bytes: 2 * 1024,
      mem_committed_bytes: 9 * 1024,
    });
    const huge = parseMeminfo('HugePages_Total: 10\nHugePages_Free: 4\nHugepagesize: 2048 kB\n');
    expect(memoryParts(huge)).toEqual({
      mem_huge_total_bytes: 20 * 2 ** 20,
      mem_huge_used_bytes: 12 * 2 ** 20,
    });
  });

  it('swapping is in bytes of the machine’s page size, and a killed process is seen in its second', async () => {
    const before = fixture('vmstat.txt');
    const after = before
      .replace(/^pswpin \d+/m, 'pswpin 10')
      .replace(/^pswpout \d+/m, 'pswpout 20')
      .replace(/^oom_kill \d+/m, 'oom_kill 2');
    expect(await last(createPaging(65_536), before, after)).toEqual({
      swap_in: 655_360,
      swap_out: 1_310_720,
      major_faults: 0,
      oom_kills: 2,
    });
    expect(parseVmstat('pgmajfault 7\n', 4096)).toEqual({ major_faults: 7 });
    expect(await last(createPaging(4096), undefined)).toBe('absent');
  });

  it('the page size is read from the auxiliary vector, of either byte order', () => {
    const words = [3n, 0x40n, 6n, 65_536n, 0n, 0n];
    const little = Buffer.alloc(words.length * 8);
    const big = Buffer.alloc(words.length * 8);
    for (const [place, word] of words.entries()) {
      little.writeBigUInt64LE(word, place * 8);
      big.writeBigUInt64BE(word, place * 8);
    }
    expect([parsePageSize(little, true), parsePageSize(big, false)]).toEqual([65_536, 65_536]);
    expect(parsePageSize(Buffer.alloc(0))).toBe(4096);
  });
});

describe('pressure', () => {
  it('pressure is the share of the time between two readings in which tasks waited', async () => {
    const text = (some: number, full: number) =>
      `some avg10=9.99 avg60=0.00 avg300=0.00 total=${some}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=${full}\n`;
    expect(await last(createPressure(), text(1000, 500), text(251_000, 100_500))).toEqual({
      pressure_cpu: 25,
      pressure_memory: 25,
      pressure_memory_full: 10,
      pressure_io: 25,
      pressure_io_full: 10,
    });
    expect(parsePressure(fixture('pressure-io.txt'), 'full')).toBe(50_228_703);
  });

  it('[G8] pressure that would be more than all of the time is left out, and a kernel without it has none', async () => {
    const text = (total: number) => `some avg10=0.00 avg60=0.00 avg300=0.00 total=${total}\n`;
    expect(await last(createPressure(), text(0), text(9e9))).toEqual({});
    expect(await last(createPressure(), undefined)).toBe('absent');
  });
});

/** The text with the number in this column grown. */
function grow(text: string, label: string, name: string, by: number): string {
  const lines = text.split('\n');
  const header = lines.findIndex((line) => line.startsWith(`${label} `));
  const place = lines[header]?.split(' ').indexOf(name) ?? -1;
  if (place < 0) return text;
  const numbers = (lines[header + 1] ?? '').split(' ');
  numbers[place] = String(Number(numbers[place]) + by);
  return lines.with(header + 1, numbers.join(' ')).join('\n');
}

describe('connections', () => {
  const files = (changed: (text: string) => string) => (path: string) => {
    if (path === '/proc/net/sockstat') return 'TCP: inuse 5 orphan 0 tw 41 alloc 9 mem 3\n';
    if (path === '/proc/net/snmp') return changed(fixture('snmp.txt'));
    return path === '/proc/net/netstat' ? changed(fixture('netstat.txt')) : undefined;
  };

  it('connections, segments sent again and overflows are rates of what the kernel counts', async () => {
    const collector = createTcp();
    await collector.collect(
      contextAt(
        0,
        files((text) => text),
      ),
    );
    const grown = (text: string) =>
      (
        [
          ['Tcp:', 'ActiveOpens', 3],
          ['Tcp:', 'PassiveOpens', 5],
          ['Tcp:', 'RetransSegs', 2],
          ['Udp:', 'InErrors', 7],
          ['TcpExt:', 'ListenOverflows', 1],
        ] as const
      ).reduce((changed, [label, name, by]) => grow(changed, label, name, by), text);
    expect(await collector.collect(contextAt(1000, files(grown)))).toEqual({
      tcp_established: 0,
      tcp_time_wait: 41,
      tcp_opened: 3,
      tcp_accepted: 5,
      tcp_retransmits: 2,
      tcp_resets: 0,
      tcp_listen_overflows: 1,
      udp_errors: 7,
    });
  });

  it('a kernel that lacks a file or a column leaves out its fields only', async () => {
    expect(await last(createTcp(), undefined)).toBe('absent');
    const bare = 'Tcp: ActiveOpens CurrEstab\nTcp: 5 2\n';
    expect(await last(createTcp(), bare, bare.replace('5 2', '6 2'))).toEqual({
      tcp_established: 2,
      tcp_opened: 1,
    });
    expect(parseTimeWait('TCP: inuse 1\n')).toBeUndefined();
  });
});

describe('tables of the kernel', () => {
  it('the table of tracked connections is a share of its room, and absent without a firewall that tracks', async () => {
    expect(conntrackFields('65536\n', '262144\n')).toEqual({ conntrack: 25, conntrack_entries: 65_536 });
    expect(conntrackFields(undefined, undefined)).toEqual({});
    expect(parseOpenFiles('684\t0\t2466170\n')).toBe(684);
    expect(await last(createLimits(), undefined)).toBe('absent');
  });

  it('the CPU frequency is the mean over the groups of cores, and absent on a virtual machine', async () => {
    expect(meanHertz(['1200000\n', '3400000\n', undefined, '<unknown>\n'])).toBe(2_300_000_000);
    const folder = sysFolder({ 'policy0/scaling_cur_freq': '800000', 'policy1/scaling_cur_freq': '1000000' });
    const reader = createReader();
    expect(await createCpuFrequency(folder).collect({ at: 0, ...reader })).toEqual({
      cpu_hertz: 900_000_000,
    });
    expect(await createCpuFrequency('/nowhere').collect({ at: 0, ...reader })).toBe('absent');
    reader.close();
  });
});
