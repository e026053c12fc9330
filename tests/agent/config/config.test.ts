import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig, type Config } from '../../../agent/config/config.ts';
import { describeSettings, SETTINGS } from '../../../agent/config/settings.ts';
import { ownFolder } from '../data-folder/folder.ts';

async function load(args: string[], env: Record<string, string> = {}): Promise<Config> {
  const started = await loadConfig(args, env);
  if (started.kind !== 'run') throw new Error(`asked for ${started.kind}`);
  return started.config;
}

async function problems(args: string[], env: Record<string, string> = {}): Promise<readonly string[]> {
  try {
    await load(args, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

function file(text: string, mode = 0o600): string {
  const path = join(ownFolder(), 'agent.yaml');
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

describe('the agent’s settings', () => {
  it('what is told of processes are their names, unless the settings say nothing or their arguments too', async () => {
    expect((await load([])).processes).toBe('names');
    expect((await load(['--processes', 'arguments'])).processes).toBe('arguments');
    expect((await load([], { WATCHFLOOR_PROCESSES: 'off' })).processes).toBe('off');
    expect(await problems(['--processes', 'all'])).toEqual([
      '--processes: must be one of off, names, arguments; it is "all"',
    ]);
  });

  it('[G5] where numbers of others come from is the same as flags, in the environment and in the file', async () => {
    const expected = {
      folders: ['/a', '/b'],
      freshMs: 60_000,
      targets: [{ name: 'node', url: 'http://127.0.0.1:9100/metrics' }],
      scrapeEveryMs: 1000,
      statsd: [
        { host: '127.0.0.1', port: 8125 },
        { host: '::1', port: 8125, mayLack: true },
        { path: '/run/s' },
      ],
    };
    const flags = [
      '--metrics-folders',
      '/a,/b',
      '--metrics-fresh',
      '60',
      '--scrape',
      'node=http://127.0.0.1:9100',
    ];
    expect((await load([...flags, '--scrape-every', '1', '--statsd', '8125,/run/s'])).custom).toEqual(
      expected,
    );
    const env = {
      WATCHFLOOR_METRICS_FOLDERS: '/a, /b',
      WATCHFLOOR_METRICS_FRESH: '60',
      WATCHFLOOR_SCRAPE: 'node=http://127.0.0.1:9100/metrics',
      WATCHFLOOR_SCRAPE_EVERY: '1',
      WATCHFLOOR_STATSD: '8125,/run/s',
    };
    expect((await load([], env)).custom).toEqual(expected);
    const text =
      'metrics_folders: [/a, /b]\nmetrics_fresh: 60\nscrape: [node=http://127.0.0.1:9100]\nscrape_every: 1\nstatsd: [8125, /run/s]\n';
    expect((await load(['--config', file(text)])).custom).toEqual(expected);
    expect((await load(['--config', file('statsd: 8125\n')])).custom.statsd).toHaveLength(2);
    expect((await load(['--metrics-folders', 'off'])).custom.folders).toEqual([]);
    const wrong = ['--scrape', 'http://10.0.0.1/metrics', '--statsd', '0.0.0.0:8125', '--metrics-fresh', '1'];
    expect(await problems(wrong)).toEqual([
      expect.stringContaining('--metrics-fresh: must be a number of seconds from 10'),
      expect.stringContaining('only this machine itself is scraped'),
      expect.stringContaining('--statsd: "0.0.0.0:8125" is not on loopback'),
    ]);
    expect(await problems(['--scrape', 'a=http://localhost:1,a=http://localhost:2'])).toEqual([
      expect.stringContaining('another name'),
    ]);
  });

  it('a mistake in an endpoint to scrape shows neither the name nor the password that its URL holds', async () => {
    const urls = [
      'x=https://prom:s3cret@127.0.0.1:9100/metrics',
      'http://prom:s3cret@10.0.0.1:9100/metrics',
      '9x=http://prom:s3cret@127.0.0.1',
      'prom:s3cret@127.0.0.1:9100',
      'http://127.0.0.1:1,http://prom:s3cret,more@127.0.0.1',
      'http://prom:se/s3cret@127.0.0.1:99999',
      'a=http://prom:s3cret@127.0.0.1,a=http://127.0.0.1',
    ];
    for (const url of urls) {
      const found = await problems([], { WATCHFLOOR_SCRAPE: url });
      expect(found).toEqual([expect.stringMatching(/^WATCHFLOOR_SCRAPE: /)]);
      expect(found.join()).not.toMatch(/s3cret/);
    }
    expect(await problems(['--scrape', 'x=https://prom:s3cret@[::1]:9100/metrics'])).toEqual([
      '--scrape: "https://…@[::1]:9100/metrics" is not http://: what is on loopback needs no TLS',
    ]);
    expect(await problems(['--scrape', 'http://[2001:db8::1]/a'])).toEqual([
      '--scrape: "http://[2001:db8::1]/a" is not on loopback: only this machine itself is scraped',
    ]);
  });

  it('[G5] a flag wins over the environment, the environment over the file, the file over the default', async () => {
    const path = file('interval: 10\nname: file\ntags: [a, b]\nlog_level: warn\nspool_mib: 8\n');
    const config = await load(['--interval', '30'], {
      WATCHFLOOR_CONFIG: path,
      WATCHFLOOR_INTERVAL: '20',
      WATCHFLOOR_NAME: 'env',
      WATCHFLOOR_TAGS: '',
    });
    expect(config).toMatchObject({
      interval: 30,
      name: 'env',
      tags: ['a', 'b'],
      logLevel: 'warn',
      spoolBytes: 8 * 1024 * 1024,
    });
    expect(Object.isFrozen(config)).toBe(true);
    expect(await load([])).toMatchObject({
      interval: undefined,
      logLevel: 'info',
      spoolBytes: 64 * 1024 * 1024,
    });
  });

  it('collectors are switched off by a minus, or chosen by name, and a name that is none is a mistake', async () => {
    expect(await load([])).toMatchObject({ collectors: [] });
    expect(await load(['--collectors=-tcp, -sensors'])).toMatchObject({ collectors: ['-tcp', '-sensors'] });
    const path = file('collectors: [cpu, memory]\n');
    expect(await load(['--config', path])).toMatchObject({ collectors: ['cpu', 'memory'] });
    const [unknown = ''] = await problems(['--collectors=-tpc']);
    expect(unknown).toMatch(/^--collectors: there is no collector called tpc; there are .*cpu, .*tcp/);
    const [mixed = ''] = await problems([], { WATCHFLOOR_COLLECTORS: 'cpu,-tcp' });
    expect(mixed).toMatch(/^WATCHFLOOR_COLLECTORS: must be either all with a minus/);
  });

  it('[G5] all mistakes in the settings are reported at once, each with its source, and without the secret', async () => {
    const path = file('interval: often\nlog_level: loud\ncolour: red\n');
    const found = await problems(['--bogus', '--tags', 'A B', '--name', 'stray'].concat('word'), {
      WATCHFLOOR_CONFIG: path,
      WATCHFLOOR_SPOOL_MIB: '0',
      WATCHFLOOR_ENROLL: 'watchfloor://s3cret@host:99999',
    });
    const expected = [
      '--bogus: there is no such flag',
      '"word": this command takes flags only',
      '--tags: a tag is 1 to 40',
      'WATCHFLOOR_SPOOL_MIB: must be a number of MiB',
      `${path}: interval: must be a number of seconds`,
      `${path}: log_level: must be one of`,
      `${path}: "colour" is not a setting`,
      'the enrollment string cannot be read',
    ];
    for (const one of expected) expect(found).toContainEqual(expect.stringContaining(one));
    expect(found).toHaveLength(expected.length);
    expect(found.join()).not.toContain('s3cret');
  });

  it('a settings file that is missing or is not YAML is reported by its path', async () => {
    expect(await problems(['--config', '/nowhere/agent.yaml'])).toEqual([
      '/nowhere/agent.yaml: there is no such file',
    ]);
    expect(await problems(['--config', file('- a\n- b\n')])).toEqual([
      expect.stringContaining('"name: value" lines'),
    ]);
    expect(await problems(['--config', file('a: [')])).toHaveLength(1);
    expect(await problems(['--enroll-file', '/nowhere/key'])).toEqual([
      expect.stringContaining('/nowhere/key'),
    ]);
  });

  it('[G5] the enrollment string may come from a file, and a warning says when other users could see it', async () => {
    const text = 'watchfloor://k@host:8443\n';
    const own = await load(['--enroll-file', file(text)]);
    expect(own).toMatchObject({ enrollment: { key: 'k', host: 'host' }, warnings: [] });
    expect((await load(['--enroll-file', file(text, 0o644)])).warnings).toEqual([
      expect.stringMatching(/chmod 600/),
    ]);
    expect((await load(['--enroll', text])).warnings).toEqual([expect.stringMatching(/process list/)]);
    expect((await load(['--config', file(`enroll: ${text}`, 0o644)])).warnings).toHaveLength(1);
    // A flag wins over the environment, although it names a file and the variable holds the string itself.
    const both = await load(['--enroll-file', file('watchfloor://file@host')], { WATCHFLOOR_ENROLL: text });
    expect(both.enrollment?.key).toBe('file');
  });

  it('--help and --version are answered before any setting is checked, and help names every setting', async () => {
    expect(await loadConfig(['--help', '--interval', 'x'], {})).toEqual({ kind: 'help' });
    expect(await loadConfig(['-v'], {})).toEqual({ kind: 'version' });
    for (const { flag, env } of SETTINGS) {
      expect(describeSettings()).toContain(`--${flag} `);
      expect(describeSettings()).toContain(env);
    }
  });

  it('a flag takes its value after "=" too, and a flag without its value is a mistake', async () => {
    expect(await load(['--interval=15'])).toMatchObject({ interval: 15 });
    expect(await problems(['--interval'])).toEqual(['--interval: needs a value']);
  });
});
