/**
 * Reads the settings into one frozen Config. A flag overrides the environment, the environment the file, and
 * the file the defaults. All mistakes are reported at once.
 */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { isLoopback } from '#protocol/enrollment.ts';
import { errorText } from '#protocol/errors.ts';
import { DEFAULT_RETENTION, type Retention } from '../history/history.ts';
import type { LogLevel } from '../types.ts';
import { ALL_ADDRESSES, parseNetworks, type Networks } from '../http/address.ts';
import { SETTING, SETTINGS, type SettingKey } from './settings.ts';

export interface InfluxSettings {
  readonly url: string;
  readonly token: string;
  readonly org: string;
  readonly bucket: string;
}

export interface Config {
  readonly host: string;
  readonly port: number;
  /** The absolute path of the data folder. */
  readonly data: string;
  /** The absolute path of the folder with the agent's packages. */
  readonly packages: string;
  /** `auto`: a certificate of the server's own authority. */
  readonly tls: 'auto' | 'off' | { readonly certFile: string; readonly keyFile: string };
  /** Additional names and addresses for the certificate that the server makes. */
  readonly tlsNames: readonly string[];
  readonly adminPassword: string | undefined;
  readonly publicUrl: string | undefined;
  /** Seconds between the pushes of a device that nobody watches. */
  readonly intervalS: number;
  /** Minutes after its end within which an alert that comes back is reopened. */
  readonly alertReopenMin: number;
  readonly sessionDays: number;
  readonly retention: Retention;
  /** How many days the history of processes is kept. */
  readonly processDays: number;
  /** Empty: everywhere. */
  readonly allowAgents: Networks;
  /** Empty: everywhere. */
  readonly allowPeople: Networks;
  readonly trustedProxies: Networks;
  readonly scrapeToken: string | undefined;
  /** Undefined: the embedded history. */
  readonly influx: InfluxSettings | undefined;
  readonly logLevel: LogLevel;
}

/** All mistakes in the settings; each problem names the flag, variable or file key it came from. */
export class ConfigError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(
      `the settings have ${problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`}: ${problems.join('; ')}`,
    );
    this.problems = problems;
  }
}

/** What the command line asks for. */
export type Command =
  { readonly kind: 'help' | 'version' } | { readonly kind: 'run'; readonly config: Config };

/** Unchecked settings; `source` is the flag, variable or file key that a value came from, for messages. */
type RawSettings = Map<SettingKey, { readonly value: unknown; readonly source: string }>;
type Environment = Readonly<Record<string, string | undefined>>;

function isSetting(name: string): name is SettingKey {
  return Object.hasOwn(SETTING, name);
}

const KEYS = Object.keys(SETTING).filter(isSetting);

function readFlags(
  args: readonly string[],
  problems: string[],
): { raw: RawSettings; request: 'help' | 'version' | undefined } {
  const flags = SETTINGS.filter(({ flag }) => flag !== '').map(({ flag }) => [
    flag,
    { type: 'string' as const },
  ]);
  const options = {
    help: { type: 'boolean' as const, short: 'h' },
    version: { type: 'boolean' as const, short: 'v' },
    ...Object.fromEntries(flags),
  };
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const raw: RawSettings = new Map();
  let request: 'help' | 'version' | undefined;
  let unknownFlagIndex = -2;
  for (const [index, token] of tokens.entries()) {
    // The word after an unknown flag may be its value and a secret, so no message may show it.
    if (token.kind === 'positional' && index !== unknownFlagIndex + 1)
      problems.push(`"${token.value}": this command takes flags only`);
    if (token.kind !== 'option') continue;
    if (token.name === 'help' || token.name === 'version') {
      request = token.name;
      continue;
    }
    const key = KEYS.find((each) => SETTING[each].flag === token.name);
    if (key === undefined) {
      unknownFlagIndex = index;
      problems.push(`${token.rawName}: there is no such flag; --help lists them`);
    } else if (token.value === undefined) problems.push(`${token.rawName}: needs a value`);
    else raw.set(key, { value: token.value, source: token.rawName });
  }
  return { raw, request };
}

function readEnvironment(env: Environment): RawSettings {
  const raw: RawSettings = new Map();
  for (const key of KEYS) {
    const name = SETTING[key].env;
    const value = env[name];
    // Many tools set an empty variable to mean "not set".
    if (value !== undefined && value !== '') raw.set(key, { value, source: name });
  }
  return raw;
}

async function readSettingsFile(path: string | undefined, problems: string[]): Promise<RawSettings> {
  const raw: RawSettings = new Map();
  if (path === undefined) return raw;
  try {
    const values = z
      .record(z.string(), z.unknown())
      .nullable()
      .safeParse(parseYaml(await readFile(path, 'utf8')));
    if (!values.success) throw new Error('must hold "name: value" lines');
    for (const [name, value] of Object.entries(values.data ?? {})) {
      if (!isSetting(name) || name === 'config')
        problems.push(`${path}: "${name}" is not a setting of the server`);
      else if (value !== null) raw.set(name, { value, source: `${path}: ${name}` });
    }
  } catch (error) {
    problems.push(`${path}: ${errorText(error)}`);
  }
  return raw;
}

const SECRETS: readonly SettingKey[] = ['admin_password', 'scrape_token', 'influx_token'];

/**
 * Makes a function that reads and checks one setting from the first source that has it. It returns undefined
 * when no source has the setting, or when the value is wrong, which adds to `problems`.
 */
function createReader(sources: readonly RawSettings[], problems: string[]) {
  return function read<Output>(key: SettingKey, schema: z.ZodType<Output>): Output | undefined {
    const entry = sources.find((source) => source.has(key))?.get(key);
    if (entry === undefined) return undefined;
    const result = schema.safeParse(entry.value);
    if (result.success) return result.data;
    const shown = SECRETS.includes(key) ? '' : `; it is ${JSON.stringify(entry.value)}`;
    problems.push(`${entry.source}: ${result.error.issues[0]?.message ?? 'is wrong'}${shown}`);
    return undefined;
  };
}

type Read = ReturnType<typeof createReader>;

function readNetworks(
  read: Read,
  key: 'allow_agents' | 'allow_people' | 'trusted_proxies',
  problems: string[],
): Networks {
  const texts = read(key, SETTING[key].schema) ?? [];
  try {
    return parseNetworks(texts);
  } catch (error) {
    problems.push(`${SETTING[key].env}: ${errorText(error)}`);
    return [];
  }
}

function readTls(read: Read, host: string, problems: string[]): Config['tls'] {
  const mode = read('tls', SETTING.tls.schema) ?? 'auto';
  const [certFile, keyFile] = [
    read('tls_cert', SETTING.tls_cert.schema),
    read('tls_key', SETTING.tls_key.schema),
  ];
  if ((certFile === undefined) !== (keyFile === undefined))
    problems.push('WATCHFLOOR_TLS_CERT and WATCHFLOOR_TLS_KEY belong together: one of them is missing');
  if (mode === 'off' && !isLoopback(host))
    problems.push(
      `WATCHFLOOR_TLS=off is accepted on loopback only, and WATCHFLOOR_HOST is ${host}: set it to 127.0.0.1`,
    );
  if (mode === 'off') return 'off';
  return certFile !== undefined && keyFile !== undefined ? { certFile, keyFile } : 'auto';
}

function readInflux(read: Read, problems: string[]): InfluxSettings | undefined {
  const url = read('influx_url', SETTING.influx_url.schema);
  const token = read('influx_token', SETTING.influx_token.schema);
  const org = read('influx_org', SETTING.influx_org.schema);
  const bucket = read('influx_bucket', SETTING.influx_bucket.schema);
  if (url !== undefined && token !== undefined && org !== undefined && bucket !== undefined)
    return { url, token, org, bucket };
  const missing = Object.entries({
    INFLUX_URL: url,
    INFLUX_TOKEN: token,
    INFLUX_ORG: org,
    INFLUX_BUCKET: bucket,
  })
    .filter(([, value]) => value === undefined)
    .map(([name]) => name);
  if (missing.length > 0 && missing.length < 4)
    problems.push(`InfluxDB needs all four settings: ${missing.join(', ')} missing or wrong`);
  return undefined;
}

/**
 * Reads the settings from flags, environment and file. Rejects with a ConfigError that lists all mistakes.
 * @param args the command line without the program's name
 */
export async function loadConfig(args: readonly string[], env: Environment): Promise<Command> {
  const problems: string[] = [];
  const { raw: flags, request } = readFlags(args, problems);
  if (request !== undefined) return { kind: request };
  const environment = readEnvironment(env);
  const path = createReader([flags, environment], problems)('config', SETTING.config.schema);
  const read = createReader([flags, environment, await readSettingsFile(path, problems)], problems);

  const host = read('host', SETTING.host.schema) ?? ALL_ADDRESSES;
  const data = resolve(read('data', SETTING.data.schema) ?? './data');
  const config: Config = {
    host,
    port: read('port', SETTING.port.schema) ?? 8443,
    data,
    packages: resolve(read('packages', SETTING.packages.schema) ?? join(data, 'packages')),
    tls: readTls(read, host, problems),
    tlsNames: read('tls_names', SETTING.tls_names.schema) ?? [],
    adminPassword: read('admin_password', SETTING.admin_password.schema),
    publicUrl: read('public_url', SETTING.public_url.schema),
    intervalS: read('interval', SETTING.interval.schema) ?? 5,
    alertReopenMin: read('alert_reopen', SETTING.alert_reopen.schema) ?? 10,
    sessionDays: read('session_days', SETTING.session_days.schema) ?? 30,
    retention: {
      raw_days: read('raw_days', SETTING.raw_days.schema) ?? DEFAULT_RETENTION.raw_days,
      minute_days: read('minute_days', SETTING.minute_days.schema) ?? DEFAULT_RETENTION.minute_days,
      quarter_days: read('quarter_days', SETTING.quarter_days.schema) ?? DEFAULT_RETENTION.quarter_days,
    },
    processDays: read('process_days', SETTING.process_days.schema) ?? 14,
    allowAgents: readNetworks(read, 'allow_agents', problems),
    allowPeople: readNetworks(read, 'allow_people', problems),
    trustedProxies: readNetworks(read, 'trusted_proxies', problems),
    scrapeToken: read('scrape_token', SETTING.scrape_token.schema),
    influx: readInflux(read, problems),
    logLevel: read('log_level', SETTING.log_level.schema) ?? 'info',
  };
  if (problems.length > 0) throw new ConfigError([...new Set(problems)]);
  return { kind: 'run', config: Object.freeze(config) };
}
