/** Processes of macOS, on structures laid out by hand as <sys/proc_info.h> does: nothing here ran on a Mac. */
import { describe, expect, it } from 'vitest';
import { macProcesses, parseProcess, parseShort } from '../../../../agent/collectors/macos/processes.ts';

/** proc_taskallinfo. */
function all({ pid = 70, name = 'a long name of a program', nanoseconds = 0 } = {}): Buffer {
  const bytes = Buffer.alloc(232);
  for (const [place, value] of [
    [12, pid],
    [16, 1],
    [20, 501],
  ] as const)
    bytes.writeUInt32LE(value, place);
  bytes.write('short name', 48);
  bytes.write(name, 64);
  bytes.writeBigUInt64LE(1_700_000_000n, 120);
  bytes.writeBigUInt64LE(250_000n, 128);
  bytes.writeBigUInt64LE(9_000_000n, 144);
  bytes.writeBigUInt64LE(BigInt(nanoseconds), 152);
  return bytes;
}
/** proc_bsdshortinfo. */
function short(pid: number): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.writeUInt32LE(pid, 0);
  bytes.write('launchd', 16);
  return bytes;
}
/** rusage_info_v2 of <sys/resource.h>. */
function usage(read: number): Buffer {
  const bytes = Buffer.alloc(160);
  bytes.writeBigUInt64LE(BigInt(read), 144);
  return bytes;
}

describe('processes of macOS', () => {
  it('names, times, memory and disk use are read, in the units of the processor', () => {
    // 24 million units a second, as on Apple's own processors.
    const unit = 125 / 3;
    expect(parseProcess(all({ nanoseconds: 24_000_000 }), usage(4096), unit)).toMatchObject({
      ...{ pid: 70, parent: 1, user: 501, name: 'a long name of a program', read: 4096 },
      ...{ ticks: 100, started: 170_000_000_025, residentBytes: 9_000_000 },
    });
    expect(parseProcess(all({ name: '' }), undefined, unit).name).toBe('short name');
  });

  it('of a process that the agent may not read, name and user are known, and that something is hidden', () => {
    expect(parseShort(short(1))).toMatchObject({ pid: 1, name: 'launchd', user: 0, ticks: 0 });
    const pids = Buffer.alloc(12);
    pids.writeUInt32LE(70, 0);
    pids.writeUInt32LE(1, 4);
    let spent = 0;
    const source = macProcesses({
      calls: {
        unit: 1,
        pids: () => pids,
        all: (pid) => (pid === 70 ? all({ nanoseconds: spent }) : undefined),
        short: (pid) => (pid === 1 ? short(1) : undefined),
        usage: () => usage(0),
      },
      cores: 2,
      userName: (id) => (id === 501 ? 'ada' : 'root'),
    });
    const table = source.table(() => undefined);
    table.look(0, 60_000);
    table.beginPeriod();
    spent = 5e9;
    table.look(5000, 60_000);
    expect([...table.living.keys()]).toEqual([70, 1]);
    const process = table.living.get(70);
    expect(process?.used).toBe(500);
    expect(process && source.factsOf(process)).toMatchObject({ user: 'ada' });
    expect(source.seesAll(table)).toBe(false);
  });
});
