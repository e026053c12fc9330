import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SCALARS } from '#protocol/fields.ts';
import { fieldInfo } from '#protocol/fields.ts';
import { parsePush } from '#protocol/sample.ts';
import type { Fields } from '../../../agent/collectors/collector.ts';
import { collectorsFor } from '../../../agent/collectors/list.ts';
import { parseLoad } from '../../../agent/collectors/load.ts';
import { countProcesses, parseRunning } from '../../../agent/collectors/processes.ts';
import { createReader } from '../../../agent/collectors/reader.ts';
import { parseUptime } from '../../../agent/collectors/uptime.ts';
import { fixture } from './fixture.ts';

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

describe('the choice of collectors', () => {
  it('the README names every collector for Linux, and how often it measures', async () => {
    const readme = readFileSync(join(import.meta.dirname, '../../../README.md'), 'utf8');
    const rows = (await collectorsFor('linux')).map(
      ({ name, every = 1000 }) => `| \`${name}\` | ${every / 1000} s |`,
    );
    expect(rows.filter((row) => !readme.includes(row))).toEqual([]);
  });

  const names = async (...chosen: string[]) => (await collectorsFor('linux', chosen)).map(({ name }) => name);

  it('collectors with a minus are left out, and names without one are all that run', async () => {
    expect(await names('-tcp', '-pressure')).toEqual(
      (await names()).filter((name) => name !== 'tcp' && name !== 'pressure'),
    );
    expect(await names('memory', 'cpu')).toEqual(['cpu', 'memory']);
  });

  it('where the libraries of Windows cannot be called, the portable collectors take their place, and it is said', async () => {
    const problems: unknown[] = [];
    const collectors = await collectorsFor('win32', [], (error) => problems.push(error));
    expect(problems).toHaveLength(1);
    expect(collectors).toEqual(await collectorsFor('darwin'));
  });
});

describe.runIf(process.platform === 'linux')('the list, on this machine', () => {
  it('the collectors for Linux give known fields only, which the server accepts, and leave no file open', async () => {
    const reader = createReader();
    const collectors = (await collectorsFor('linux')).map(({ create }) => create());
    const round = async (at: number) => {
      const answers = await Promise.all(collectors.map((one) => one.collect({ at, ...reader })));
      return answers.reduce<Fields>((all, one) => (one === 'absent' ? all : { ...all, ...one }), {});
    };
    await round(0);
    const countFiles = () => readdirSync('/proc/self/fd').length;
    const files = countFiles();
    const metrics = await round(1000);
    await round(2000);
    // Network cards are asked beside the sampling.
    await expect.poll(countFiles).toBeLessThanOrEqual(files);
    reader.close();
    const push = parsePush({ device_id: 'd', hostname: 'h', ip: '', timestamp: Date.now(), metrics });
    const values = push.data?.samples[0]?.values ?? {};
    expect(Object.keys(values).filter((name) => fieldInfo(name) === undefined)).toEqual([]);
    for (const name of ['ram', 'disk', 'load1', 'uptime_s', 'processes'] satisfies (keyof typeof SCALARS)[])
      expect(values).toHaveProperty(name);
  });
});
