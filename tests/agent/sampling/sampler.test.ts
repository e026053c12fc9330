import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parsePush } from '#protocol/sample.ts';
import type { CollectorEntry, Fields } from '../../../agent/collectors/collector.ts';
import { createSampler } from '../../../agent/sampling/sampler.ts';
import { keptLog } from '../quiet.ts';

const entry = (
  name: string,
  collect: CollectorEntry['create'] extends () => infer C ? C : never,
  every?: number,
): CollectorEntry => ({
  name,
  create: () => collect,
  ...(every === undefined ? {} : { every }),
});

function setup(...collectors: CollectorEntry[]) {
  const log = keptLog();
  let now = 0;
  const sampler = createSampler({
    collectors,
    read: () => undefined,
    readAside: () => Promise.resolve(undefined),
    log,
    monotonic: () => now,
  });
  return {
    log,
    sampler,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

describe('the sampler', () => {
  it('[G3] a failing collector does not affect the others, and is logged once when it fails and once when it works again', () => {
    let broken = true;
    const { sampler, log } = setup(
      entry('bad', {
        collect: () => {
          if (broken) throw new Error('EIO');
          return { cpu: 1 };
        },
      }),
      entry('none', { collect: () => 'absent' }),
      entry('good', { collect: () => ({ ram: 2 }) }),
    );
    for (let at = 0; at < 5000; at += 1000) expect(sampler.sample(at)).toEqual({ ram: 2 });
    broken = false;
    expect(sampler.sample(5000)).toEqual({ cpu: 1, ram: 2 });
    expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
  });

  it('[G3] a sample never waits for a slow collector, which runs once at a time and whose fields are used while fresh', async () => {
    let calls = 0;
    const answers: ((fields: Fields) => void)[] = [];
    const { sampler } = setup(
      entry('slow', {
        collect: () => {
          calls++;
          return new Promise<Fields>((resolve) => answers.push(resolve));
        },
      }),
      entry('good', { collect: () => ({ ram: 2 }) }),
    );
    for (let at = 0; at < 4000; at += 1000) expect(sampler.sample(at)).toEqual({ ram: 2 });
    expect(calls).toBe(1);
    answers[0]?.({ disk: 3 });
    await Promise.resolve();
    await Promise.resolve();
    expect(sampler.sample(4000)).toEqual({ disk: 3, ram: 2 });
    expect(calls).toBe(2);
    // The second call never ends, and the fields of the first are too old by now.
    expect(sampler.sample(60_000)).toEqual({ ram: 2 });
  });

  it('[G3] a collector whose promise is rejected is logged as failing', async () => {
    const { sampler, log } = setup(entry('bad', { collect: () => Promise.reject(new Error('EIO')) }));
    sampler.sample(0);
    await Promise.resolve();
    await Promise.resolve();
    expect(sampler.sample(1000)).toEqual({});
    expect(log.lines[0]?.text).toContain('bad');
  });

  it('[G3] a collector that does not answer is logged once, and once more when it answers again', async () => {
    let answer: (fields: Fields) => void = () => undefined;
    const { sampler, log } = setup(
      entry('silent', { collect: () => new Promise<Fields>((resolve) => (answer = resolve)) }),
      entry('good', { collect: () => ({ ram: 2 }) }),
    );
    for (let at = 0; at <= 90_000; at += 1000) expect(sampler.sample(at)).toEqual({ ram: 2 });
    expect(log.lines.map(({ text }) => text)).toEqual([expect.stringMatching(/silent.*does not answer/)]);
    answer({ cpu: 1 });
    await Promise.resolve();
    await Promise.resolve();
    expect(log.lines.at(-1)).toMatchObject({ level: 'info', text: expect.stringMatching(/silent.*again/) });
  });

  it('[I7] a machine with more values than a sample holds sends what fits: all totals, and the small kinds whole', () => {
    const many = Object.fromEntries(
      Array.from({ length: 4500 }, (_, n) => [`interface:ppp${n}:rx`, n] as const),
    );
    const { sampler, log } = setup(
      entry('network', { collect: () => ({ ...many, net_rx: 7 }) }),
      entry('mounts', { collect: () => ({ 'mount:/:used': 5, disk: 5 }) }),
    );
    for (let at = 0; at < 3000; at += 1000) {
      const fields = sampler.sample(at);
      expect(Object.keys(fields)).toHaveLength(4000);
      expect(fields).toMatchObject({ net_rx: 7, disk: 5, 'mount:/:used': 5, 'interface:ppp0:rx': 0 });
      const push = { device_id: 'd', hostname: 'h', ip: '', timestamp: Date.now(), metrics: fields };
      expect(parsePush(push).success).toBe(true);
    }
    expect(log.lines.map(({ text }) => text)).toEqual([expect.stringMatching(/503.*more values/)]);
  });

  it('a collector with its own pace is called at that pace, and its fields are repeated in between', () => {
    let calls = 0;
    const { sampler } = setup(entry('paced', { collect: () => ({ disk: ++calls }) }, 5000));
    const found = [0, 1000, 2000, 3000, 4000, 4990, 6000].map((at) => sampler.sample(at)['disk']);
    expect(found).toEqual([1, 1, 1, 1, 1, 2, 2]);
  });

  it('[G3] each collector is timed, and one that delays the samples is logged once by its name', () => {
    const { sampler, log, pass } = setup(
      entry('heavy', {
        collect: () => {
          pass(150);
          return { cpu: 1 };
        },
      }),
    );
    sampler.sample(0);
    sampler.sample(1000);
    expect(log.lines.map(({ text }) => text)).toEqual([expect.stringMatching(/heavy.*slow/)]);
  });

  it('[G3] of each collector the sampler tells its state, its time, its failures and what it last failed of', async () => {
    let answer: (fields: Fields) => void = () => undefined;
    const { sampler, pass } = setup(
      entry('bad', {
        collect: () => {
          throw new Error('EIO');
        },
      }),
      entry('none', { collect: () => 'absent' }, 5000),
      entry('slow', { collect: () => new Promise<Fields>((resolve) => (answer = resolve)) }),
      entry('heavy', {
        collect: () => {
          pass(30);
          return { cpu: 1, ram: 2 };
        },
      }),
    );
    sampler.sample(0);
    sampler.sample(1000);
    pass(940);
    answer({ disk: 3 });
    await Promise.resolve();
    await Promise.resolve();
    const common = { every: 0, failures: 0, problem: undefined };
    expect(sampler.records()).toEqual([
      {
        ...{ ...common, name: 'bad', state: 'fails', fields: 0, calls: 2, failures: 2, problem: 'EIO' },
        ...{ lastMs: 0, meanMs: 0, heldMs: 0 },
      },
      {
        ...{ ...common, name: 'none', every: 5000, state: 'absent', fields: 0, calls: 1 },
        ...{ lastMs: 0, meanMs: 0, heldMs: 0 },
      },
      {
        ...{ ...common, name: 'slow', state: 'measures', fields: 1, calls: 1 },
        // It was called before `heavy`, and answered long after.
        ...{ lastMs: 1000, meanMs: 1000, heldMs: 0 },
      },
      {
        ...{ ...common, name: 'heavy', state: 'measures', fields: 2, calls: 2 },
        ...{ lastMs: 30, meanMs: 30, heldMs: 60 },
      },
    ]);
  });

  it.runIf(process.platform === 'linux')('[G4] no process is started for a sample on Linux', () => {
    // In another process, where every function that starts a process throws.
    const script = `
      import * as child from 'node:child_process';
      import { syncBuiltinESMExports } from 'node:module';
      const closed = () => { throw new Error('a process was started'); };
      for (const name of ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork']) child.default[name] = closed;
      child.default.ChildProcess.prototype.spawn = closed;
      syncBuiltinESMExports();
      const { createSampler } = await import('./agent/sampling/sampler.ts');
      const { collectorsFor } = await import('./agent/collectors/list.ts');
      const { createReader } = await import('./agent/collectors/reader.ts');
      const problems = [];
      // A minute of samples passes in a moment: that a collector is slow or does not answer says nothing here.
      const warn = ({ err }) => { if (err) problems.push(String(err)); };
      const log = { debug() {}, info() {}, error() {}, warn };
      const { read, readAside } = createReader();
      const sampler = createSampler({ collectors: await collectorsFor('linux'), read, readAside, log, monotonic: () => performance.now() });
      let metrics = {};
      for (let at = 0; at <= 60000; at += 1000) {
        metrics = sampler.sample(at);
        await new Promise((resolve) => setImmediate(resolve));
      }
      console.log(JSON.stringify({ problems, fields: Object.keys(metrics).length }));
    `;
    const run = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
    expect(run.stderr).toBe('');
    const { problems, fields } = JSON.parse(run.stdout);
    expect(problems).toEqual([]);
    expect(fields).toBeGreaterThan(15);
  });
});
