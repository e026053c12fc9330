import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ConfigError, loadConfig, type Config } from '../../server/config/config.ts';
import { basePath } from '../../server/config/settings.ts';
import { describeSettings, SETTINGS } from '../../server/config/settings.ts';
import { ownFolder } from '../state/folder.ts';

type Environment = Record<string, string>;

async function load(args: readonly string[] = [], env: Environment = {}): Promise<Config> {
  const command = await loadConfig(args, env);
  if (command.kind !== 'run') throw new Error(`the flags ask for ${command.kind}`);
  return command.config;
}
async function problemsOf(args: readonly string[], env: Environment = {}): Promise<readonly string[]> {
  const error = await loadConfig(args, env).catch((caught: unknown) => caught);
  if (!(error instanceof ConfigError)) throw new Error('the settings were accepted');
  for (const problem of error.problems) expect(error.message).toContain(problem);
  return error.problems;
}
function yaml(text: string): string {
  const path = join(ownFolder(), 'server.yaml');
  writeFileSync(path, text);
  return path;
}

describe('settings', () => {
  test('[G5] settings have defaults, and the config is frozen', async () => {
    const config = await load();
    expect(config).toMatchObject({
      host: '::',
      port: 8443,
      tls: 'auto',
      intervalS: 5,
      sessionDays: 30,
      retention: { raw_days: 3, minute_days: 90, quarter_days: 1100 },
      processDays: 14,
      allowAgents: [],
      influx: undefined,
      adminPassword: undefined,
      logLevel: 'info',
    });
    expect(config.data).toBe(join(process.cwd(), 'data'));
    expect(Object.isFrozen(config)).toBe(true);
  });

  test('[G5] flags override the environment, which overrides the file, which overrides defaults', async () => {
    const file = yaml('port: 1\nhost: 10.0.0.1\ninterval: 9\nraw_days: 7\n');
    const env = { WATCHFLOOR_CONFIG: file, WATCHFLOOR_PORT: '2', WATCHFLOOR_HOST: '10.0.0.2' };
    expect(await load(['--port', '3'], env)).toMatchObject({
      port: 3,
      host: '10.0.0.2',
      intervalS: 9,
      retention: { raw_days: 7, minute_days: 90 },
    });
    expect(await load([`--config=${file}`, '--port=4'])).toMatchObject({ port: 4, host: '10.0.0.1' });
  });

  test('[G5] an empty environment variable counts as not set', async () => {
    expect((await load([], { WATCHFLOOR_PORT: '', WATCHFLOOR_CONFIG: '' })).port).toBe(8443);
  });

  test('[G5] a list is written with commas or as a YAML list', async () => {
    const file = yaml('tls_names: [a.example.com, 10.0.0.1]\nallow_agents:\n  - 10.0.0.0/8\n');
    const config = await load([], { WATCHFLOOR_CONFIG: file, WATCHFLOOR_ALLOW_PEOPLE: '10.0.0.0/8, ::1,' });
    expect(config.tlsNames).toEqual(['a.example.com', '10.0.0.1']);
    expect(config.allowAgents).toHaveLength(1);
    expect(config.allowPeople).toHaveLength(2);
  });

  test('[G5] all mistakes are reported at once, each with its flag, variable or file key', async () => {
    const file = yaml('prot: 1\nraw_days: many\nconfig: x\n');
    const problems = await problemsOf(['--port', '99999', '--fast', 'stray'], {
      WATCHFLOOR_CONFIG: file,
      WATCHFLOOR_TLS: 'maybe',
      WATCHFLOOR_INTERVAL: '0',
      WATCHFLOOR_PUBLIC_URL: 'ftp://x',
      WATCHFLOOR_ALLOW_AGENTS: '10.0.0.0/99',
      WATCHFLOOR_TLS_CERT: '/x.crt',
      INFLUX_URL: 'http://localhost:8086',
    });
    for (const part of [
      '--port: must be a number from 0 to 65535; it is "99999"',
      '--fast: there is no such flag',
      `${file}: "prot" is not a setting`,
      `${file}: "config" is not a setting`,
      `${file}: raw_days: must be a number from 1 to 400; it is "many"`,
      'WATCHFLOOR_TLS: must be auto or off; it is "maybe"',
      'WATCHFLOOR_INTERVAL: must be a number from 1 to 300',
      'WATCHFLOOR_PUBLIC_URL: must be an address such as',
      'WATCHFLOOR_ALLOW_AGENTS: "10.0.0.0/99" is neither',
      'WATCHFLOOR_TLS_CERT and WATCHFLOOR_TLS_KEY belong together',
      'InfluxDB needs all four settings: INFLUX_TOKEN, INFLUX_ORG, INFLUX_BUCKET missing',
    ])
      expect(problems.filter((problem) => problem.includes(part))).toHaveLength(1);
  });

  test.each([
    'https://host:8443/ui/',
    'https://host/monitor/ui',
    "https://host/a'b",
    'https://host/a//b',
    'https://host:8443/?a=b',
    'https://host/#x',
    'https://user@host',
  ])('[G5] the public URL %s is refused, as what follows the host could not be served', async (url) => {
    const problems = await problemsOf([], { WATCHFLOOR_PUBLIC_URL: url });
    expect(problems).toEqual([expect.stringContaining('WATCHFLOOR_PUBLIC_URL: must have no query')]);
  });

  test.each([
    ['https://host', ''],
    ['https://host/', ''],
    ['https://host:8443/monitor', '/monitor'],
    ['https://wächter.example/tools/monitor/', '/tools/monitor'],
  ])('the public URL %s has the server below "%s"', async (url, path) => {
    const loaded = await loadConfig([], { WATCHFLOOR_PUBLIC_URL: url });
    expect(basePath(loaded.kind === 'run' ? loaded.config.publicUrl : undefined)).toBe(path);
  });

  test.each(['https://host', 'https://host/', 'http://127.0.0.1:8443', 'https://[::1]:8443/'])(
    'the public URL %s is accepted',
    async (url) => {
      expect(await load([], { WATCHFLOOR_PUBLIC_URL: url })).toMatchObject({ publicUrl: url });
    },
  );

  test.each([
    [['--port'], '--port: needs a value'],
    [['--port='], '--port: must be a number'],
    [['--port', '80.5'], '--port: must be a whole number'],
    [['--port', '-1'], '--port'],
    [['--port', '1e3'], '--port: must be a number'],
    [['--interval', 'NaN'], '--interval: must be a number'],
    [['stray'], '"stray": this command takes flags only'],
    [['--config', '/no/such.yaml'], '/no/such.yaml: ENOENT'],
    [['--data', ' '], '--data: must not be empty'],
  ])('[G5] the flags %j are refused with "%s"', async (args, message) => {
    expect((await problemsOf(args)).join('\n')).toContain(message);
  });

  test.each([
    ['is a list', '- port: 1\n', 'must hold "name: value" lines'],
    ['is not YAML', 'port: [1\n', 'server.yaml'],
    ['has a setting twice', 'port: 1\nport: 2\n', 'server.yaml'],
    ['has a setting of the wrong type', 'port: [1, 2]\n', 'port: must be a number'],
  ])('[G5] a settings file that %s is refused', async (_, text, message) => {
    expect((await problemsOf([], { WATCHFLOOR_CONFIG: yaml(text) })).join('\n')).toContain(message);
  });

  test('[G5] an empty settings file and an empty setting in it are accepted', async () => {
    expect((await load([], { WATCHFLOOR_CONFIG: yaml('') })).port).toBe(8443);
    expect((await load([], { WATCHFLOOR_CONFIG: yaml('port:\n') })).port).toBe(8443);
  });

  test.each(['127.0.0.1', '127.9.9.9', '::1', 'localhost'])('[S1] TLS may be off on %s', async (host) => {
    expect((await load(['--tls', 'off', '--host', host])).tls).toBe('off');
  });

  test.each(['0.0.0.0', '::', '10.0.0.1', 'watch.example.com'])(
    '[S1] TLS may not be off on %s',
    async (host) => {
      expect(await problemsOf(['--tls', 'off', '--host', host])).toEqual([
        expect.stringContaining('accepted on loopback only'),
      ]);
    },
  );

  test('[S1] a certificate and its key are taken from the settings', async () => {
    expect((await load(['--tls-cert', 'a', '--tls-key', 'b'])).tls).toEqual({ certFile: 'a', keyFile: 'b' });
  });

  test('[H3] InfluxDB needs all four of its settings or none', async () => {
    const all = {
      INFLUX_URL: 'http://localhost:8086',
      INFLUX_TOKEN: 't',
      INFLUX_ORG: 'o',
      INFLUX_BUCKET: 'b',
    };
    expect((await load([], all)).influx).toEqual({ url: all.INFLUX_URL, token: 't', org: 'o', bucket: 'b' });
    for (const name of Object.keys(all)) {
      const rest = Object.fromEntries(Object.entries(all).filter(([key]) => key !== name));
      expect(await problemsOf([], rest)).toEqual([
        `InfluxDB needs all four settings: ${name} missing or wrong`,
      ]);
    }
  });

  test('[G5] secrets have no flag and are in no message', async () => {
    const secret = 'hunter22';
    const env = { WATCHFLOOR_ADMIN_PASSWORD: secret, WATCHFLOOR_SCRAPE_TOKEN: secret };
    expect((await problemsOf([], env)).join('\n')).not.toContain(secret);
    for (const args of [
      ['--admin-password', secret],
      [`--admin-password=${secret}`],
      ['--influx-token', secret],
    ]) {
      const problems = (await problemsOf(args)).join('\n');
      expect(problems).toContain('there is no such flag');
      expect(problems).not.toContain(secret);
    }
    for (const { key, flag } of SETTINGS) expect(/password|token/.test(key)).toBe(flag === '');
  });

  test.each([
    [['--help'], 'help'],
    [['-h', '--port', 'x'], 'help'],
    [['--version'], 'version'],
    [['-v'], 'version'],
  ])('the flags %j ask for %s, even with mistakes in other flags', async (args, kind) => {
    expect(await loadConfig(args, {})).toEqual({ kind });
  });

  test('--help lists every setting', () => {
    const text = describeSettings();
    for (const { env, flag } of SETTINGS) {
      expect(text).toContain(env);
      if (flag !== '') expect(text).toContain(`--${flag} `);
    }
  });
});
