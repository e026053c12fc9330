/** Processes of Windows, on a list recorded from wine 8 (`fixtures/`). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  createTopProcesses,
  type SentReport,
} from '../../../../agent/collectors/top-processes/top-processes.ts';
import { parseProcessList } from '../../../../agent/collectors/windows/process-list.ts';
import { nameWithServices, windowsProcesses } from '../../../../agent/collectors/windows/processes.ts';
import { sidText, watchUserNames } from '../../../../agent/collectors/windows/user-names.ts';

const recorded = (name: string) => readFileSync(join(import.meta.dirname, 'fixtures', `${name}.bin`));
/** Where the list stood when it was recorded. */
const ADDRESS = 92_759_904n;
/** S-1-5-18 and a user of the machine. */
const SYSTEM = Buffer.from('010100000000000512000000', 'hex');
const ADA = Buffer.from('010500000000000515000000010000000200000003000000e8030000', 'hex');

/** Where the process of this pid begins in the list. */
function startOf(list: Buffer, pid: number): number {
  for (let at = 0; ; at += list.readUInt32LE(at)) if (list.readUInt32LE(at + 80) === pid) return at;
}

describe('the list of processes of Windows', () => {
  it('names, times and memory of a recorded list are read', () => {
    const list = parseProcessList({ bytes: recorded('process-list'), address: ADDRESS });
    expect(list.map(({ name }) => name)).toEqual([
      ...['services.exe', 'winedevice.exe', 'svchost.exe', 'plugplay.exe', 'winedevice.exe', 'rpcss.exe'],
      'node.exe',
    ]);
    expect(list.at(-1)).toMatchObject({ pid: 404, ticks: 46, residentBytes: 156_508_160 });
    expect(list[1]).toMatchObject({ pid: 100, parent: 48 });
  });

  it('the process that stands for idle processors is none', () => {
    const bytes = recorded('process-list');
    bytes.writeUInt32LE(0, startOf(bytes, 404) + 80);
    expect(parseProcessList({ bytes, address: ADDRESS }).map(({ pid }) => pid)).not.toContain(404);
  });

  it('a list that is cut, or points elsewhere, gives what can be read of it', () => {
    const bytes = recorded('process-list');
    expect(parseProcessList({ bytes: bytes.subarray(0, 300), address: ADDRESS })).toHaveLength(1);
    expect(parseProcessList({ bytes, address: 0n })[0]).toMatchObject({ pid: 48, name: 'System' });
  });
});

/** A Windows of two cores whose seconds a test lets pass. */
function machine() {
  const bytes = recorded('process-list');
  const cores = Buffer.alloc(96);
  let seconds = 0;
  const source = windowsProcesses({
    calls: {
      processList: () => ({ bytes, address: ADDRESS }),
      coreTimes: () => cores,
      services: () => Promise.resolve([]),
      userOf: (pid) => (pid === 404 ? ADA : undefined),
      nameOf: () => Promise.resolve('EXAMPLE\\ada'),
      commandOf: () => 'node.exe --secret',
    },
    cores: 2,
    withArguments: false,
    now: () => seconds * 1000,
  });
  const top = createTopProcesses({ source, cores: 2, place: 0 });
  const add = (to: Buffer, place: number, units: number) =>
    to.writeBigUInt64LE(to.readBigUInt64LE(place) + BigInt(units), place);
  return {
    /** What a process uses: milliseconds of a core, and bytes that it reads. */
    use(pid: number, ms: number, read = 0) {
      add(bytes, startOf(bytes, pid) + 40, ms * 10_000);
      add(bytes, startOf(bytes, pid) + 232, read);
      // The user's time of the first core.
      add(cores, 16, ms * 10_000);
    },
    async pass(count: number, each: () => void = () => undefined): Promise<SentReport[]> {
      const reports: SentReport[] = [];
      for (let i = 0; i < count; i++) {
        each();
        // Both cores have lived for a second: what is not work is idle, in the kernel's time.
        for (const core of [0, 48]) {
          add(cores, core, 1e7);
          add(cores, core + 8, 1e7);
        }
        const at = seconds++ * 1000;
        const report = top.look({ at, t: at, isWatched: true });
        if (report !== undefined) reports.push(report);
        await Promise.resolve();
      }
      return reports;
    },
  };
}

describe('the processes that use most of a Windows', () => {
  it('a process is listed with its share of the machine, its user, its memory and what it reads', async () => {
    const { use, pass } = machine();
    await pass(11);
    const reports = await pass(20, () => use(404, 500, 4000));
    const [row] = reports.at(-1)?.rows ?? [];
    expect(row).toMatchObject({ pid: 404, name: 'node.exe', user: 'EXAMPLE\\ada', container: null });
    // Half a second of work beside two seconds of idle cores.
    expect(row?.cpu).toBeCloseTo(20, 1);
    expect(row).toMatchObject({ memory_bytes: 156_508_160, read: 4000, written: 0 });
    expect(row).not.toHaveProperty('state');
    expect(row).not.toHaveProperty('command');
    expect(reports.at(-1)).not.toHaveProperty('hidden');
  });

  it('[G8] where no process has ever read or written, it is not known what they read and write', async () => {
    const { use, pass } = machine();
    await pass(11);
    const reports = await pass(20, () => use(404, 500));
    expect(reports.at(-1)?.rows[0]).not.toHaveProperty('read');
  });
});

describe('names of users of Windows', () => {
  it('a SID is written as Windows writes it', () => {
    expect(sidText(SYSTEM)).toBe('S-1-5-18');
    expect(sidText(ADA)).toBe('S-1-5-21-1-2-3-1000');
  });

  it('a name is asked for once, and not known before its answer; the system itself needs no answer', async () => {
    let answer: (name: string | undefined) => void = () => undefined;
    let asked = 0;
    const names = watchUserNames(() => {
      asked++;
      return new Promise((resolve) => (answer = resolve));
    });
    expect(names(SYSTEM)).toBe('SYSTEM');
    expect([names(ADA), names(ADA), asked]).toEqual([undefined, undefined, 1]);
    answer('EXAMPLE\\ada');
    await expect.poll(() => names(ADA)).toBe('EXAMPLE\\ada');
    expect(asked).toBe(1);
  });

  it('a user whom nobody knows is called by the SID', async () => {
    const names = watchUserNames(() => Promise.resolve(undefined));
    names(ADA);
    await expect.poll(() => names(ADA)).toBe('S-1-5-21-1-2-3-1000');
  });
});

it('a program that runs the services of others is told apart by them', () => {
  expect(nameWithServices('svchost.exe', ['Dnscache'])).toBe('svchost.exe (Dnscache)');
  expect(nameWithServices('svchost.exe', ['BFE', 'mpssvc', 'Dhcp'])).toBe('svchost.exe (BFE and 2 more)');
  expect(nameWithServices('sqlservr.exe', ['MSSQLSERVER'])).toBe('sqlservr.exe');
});
