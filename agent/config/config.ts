/**
 * [G5] The settings: flags win over the environment, that over the YAML file, that over the defaults. All mistakes are
 * reported at once.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { EnrollmentError, parseEnrollment, type Enrollment } from '#protocol/enrollment.ts';
import { errorCode, errorText } from '#protocol/errors.ts';
import type { CustomSources } from '../collectors/custom/custom.ts';
import { readIfThere } from '../data-folder/data-folder.ts';
import { readProxy, type Proxy } from '../link/proxy.ts';
import type { LogLevel } from '../log.ts';
import { DEFAULTS, SCHEMAS, SETTINGS, type SettingKey } from './settings.ts';

export interface Config {
  readonly enrollment: Enrollment | undefined;
  /** The data folder, as an absolute path. */
  readonly data: string;
  /** Seconds between pushes while nobody watches; undefined: as the server asks for. */
  readonly interval: number | undefined;
  readonly name: string | undefined;
  readonly tags: readonly string[] | undefined;
  /** Which collectors run, as `collectorsFor` takes it; empty: all. */
  readonly collectors: readonly string[];
  readonly spoolBytes: number;
  readonly proxy: Proxy | undefined;
  /** What the server is told of processes. */
  readonly processes: 'off' | 'names' | 'arguments';
  /** Where numbers come from that others measure. */
  readonly custom: CustomSources;
  /** What may be probed, as `createAllowance` takes it. */
  readonly probes: string;
  readonly logLevel: LogLevel;
  /** For the log: not wrong, but worth changing. */
  readonly warnings: readonly string[];
}

/** Every mistake in the settings, each with its source. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`the settings have ${problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`}`);
    this.problems = problems;
  }
}

type Started = { readonly kind: 'help' | 'version' } | { readonly kind: 'run'; readonly config: Config };

/** The values of one source, and what a setting is called there. */
interface Source {
  readonly raw: Partial<Record<SettingKey, unknown>>;
  readonly called: (setting: (typeof SETTINGS)[number]) => string;
}

type Parsed = { -readonly [K in SettingKey]?: z.infer<(typeof SCHEMAS)[K]> };
type Environment = Readonly<Record<string, string | undefined>>;

const options = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
  ...Object.fromEntries(SETTINGS.map(({ flag }) => [flag, { type: 'string' as const }])),
} as const;

function fromFlags(
  args: readonly string[],
  problems: string[],
): Source & { asked: 'help' | 'version' | undefined } {
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const raw: Source['raw'] = {};
  let asked: 'help' | 'version' | undefined;
  for (const token of tokens) {
    if (token.kind === 'positional') problems.push(`"${token.value}": this command takes flags only`);
    if (token.kind !== 'option') continue;
    if (token.name === 'help' || token.name === 'version') {
      asked ??= token.name;
      continue;
    }
    const setting = SETTINGS.find(({ flag }) => flag === token.name);
    if (setting === undefined) problems.push(`${token.rawName}: there is no such flag; --help lists them`);
    else if (token.value === undefined) problems.push(`${token.rawName}: needs a value`);
    else raw[setting.key] = token.value;
  }
  return { raw, asked, called: ({ flag }) => `--${flag}` };
}

function fromEnvironment(env: Environment): Source {
  const raw: Source['raw'] = {};
  // Many tools set a variable to an empty text to mean "not set".
  for (const { key, env: name } of SETTINGS)
    if (env[name] !== undefined && env[name] !== '') raw[key] = env[name];
  return { raw, called: ({ env: name }) => name };
}

async function fromFile(path: string | undefined, problems: string[], warnings: string[]): Promise<Source> {
  const nothing: Source = { raw: {}, called: ({ key }) => key };
  if (path === undefined) return nothing;
  try {
    const text = readIfThere(path);
    if (text === undefined) throw new Error('there is no such file');
    const { parse } = await import('yaml');
    const values = z.record(z.string(), z.unknown()).nullable().safeParse(parse(text));
    if (!values.success) throw new Error('must hold "name: value" lines');
    const raw: Source['raw'] = {};
    for (const [name, value] of Object.entries(values.data ?? {})) {
      const setting = SETTINGS.find(({ key }) => key === name);
      if (setting === undefined || name === 'config')
        problems.push(`${path}: "${name}" is not a setting of the agent`);
      else if (value !== null) raw[setting.key] = value;
    }
    if (raw.enroll !== undefined) warnings.push(...warnIfOpen(path));
    return { raw, called: ({ key }) => `${path}: ${key}` };
  } catch (error) {
    problems.push(`${path}: ${fileProblem(error)}`);
    return nothing;
  }
}

/** Why a file cannot be used, and what to do about missing rights. */
function fileProblem(error: unknown): string {
  if (errorCode(error) !== 'EACCES') return errorText(error);
  return 'the user that runs the agent may not read it: change its owner or its mode';
}

/** A warning when other users may read a file with a secret in it; else an empty list. */
function warnIfOpen(path: string): string[] {
  const mode = statSync(path).mode & 0o077;
  if (process.platform === 'win32' || mode === 0) return [];
  return [`${path} holds an enrollment key and other users may read it: chmod 600 ${path}`];
}

/** Settings that may hold a key or a password: of these, a mistake does not show the value. */
const SECRETS: ReadonlySet<SettingKey> = new Set(['enroll', 'scrape']);

/** Returns the valid values of one source and adds a problem for each invalid one. */
function check(source: Source, problems: string[]): Parsed {
  const good: Parsed = {};
  const take = <K extends SettingKey>(key: K, schema: z.ZodType<Parsed[K]>) => {
    const raw = source.raw[key];
    const setting = SETTINGS.find((one) => one.key === key);
    if (raw === undefined || setting === undefined) return;
    const result = schema.safeParse(raw);
    if (result.success) good[key] = result.data;
    else {
      const shown = SECRETS.has(key) ? '' : `; it is ${JSON.stringify(raw)}`;
      problems.push(`${source.called(setting)}: ${result.error.issues[0]?.message ?? 'is wrong'}${shown}`);
    }
  };
  take('enroll', SCHEMAS.enroll);
  take('enroll_file', SCHEMAS.enroll_file);
  take('data', SCHEMAS.data);
  take('config', SCHEMAS.config);
  take('interval', SCHEMAS.interval);
  take('name', SCHEMAS.name);
  take('tags', SCHEMAS.tags);
  take('collectors', SCHEMAS.collectors);
  take('spool_mib', SCHEMAS.spool_mib);
  take('processes', SCHEMAS.processes);
  take('metrics_folders', SCHEMAS.metrics_folders);
  take('metrics_fresh', SCHEMAS.metrics_fresh);
  take('scrape', SCHEMAS.scrape);
  take('scrape_every', SCHEMAS.scrape_every);
  take('statsd', SCHEMAS.statsd);
  take('probes', SCHEMAS.probes);
  take('log_level', SCHEMAS.log_level);
  return good;
}

/** The enrollment string of the first source that has one, given directly or as the path of a file. */
function enrollmentText(
  sources: readonly Parsed[],
  problems: string[],
  warnings: string[],
): string | undefined {
  for (const { enroll, enroll_file } of sources) {
    if (enroll !== undefined) return enroll;
    if (enroll_file === undefined) continue;
    try {
      const text = readIfThere(enroll_file);
      if (text === undefined) throw new Error('there is no such file');
      warnings.push(...warnIfOpen(enroll_file));
      return text;
    } catch (error) {
      problems.push(`the enrollment file ${enroll_file}: ${fileProblem(error)}`);
      return undefined;
    }
  }
  return undefined;
}

function readEnrollment(text: string | undefined, problems: string[]): Enrollment | undefined {
  if (text === undefined) return undefined;
  try {
    return parseEnrollment(text);
  } catch (error) {
    if (!(error instanceof EnrollmentError)) throw error;
    problems.push(error.message);
    return undefined;
  }
}

/**
 * The settings that the flags and the environment name, by the name of their variable, for the file of a service. Those
 * that say where settings and data are, and the secret, are not among them.
 */
export function givenSettings(args: readonly string[], env: Environment): Record<string, string> {
  const { raw: flags } = fromFlags(args, []);
  const { raw: variables } = fromEnvironment(env);
  const given: Record<string, string> = {};
  for (const { key, env: name } of SETTINGS) {
    if (['enroll', 'enroll_file', 'data', 'config'].includes(key)) continue;
    const value = flags[key] ?? variables[key];
    if (typeof value === 'string') given[name] = value;
  }
  return given;
}

/** `args`: the command line without the program's own name. @throws ConfigError with every mistake */
export async function loadConfig(args: readonly string[], env: Environment): Promise<Started> {
  const problems: string[] = [];
  const warnings: string[] = [];
  const flagged = fromFlags(args, problems);
  if (flagged.asked !== undefined) return { kind: flagged.asked };
  const flags = check(flagged, problems);
  const environment = check(fromEnvironment(env), problems);
  const file = check(await fromFile(flags.config ?? environment.config, problems, warnings), problems);

  if (flags.enroll !== undefined)
    warnings.push(
      '--enroll shows the enrollment key in the process list: use WATCHFLOOR_ENROLL or --enroll-file',
    );
  const enrollment = readEnrollment(enrollmentText([flags, environment, file], problems, warnings), problems);
  if (problems.length > 0) throw new ConfigError(problems);

  const all: Parsed = { ...file, ...environment, ...flags };
  const config: Config = {
    enrollment,
    data: resolve(all.data ?? DEFAULTS.data),
    interval: all.interval,
    name: all.name,
    tags: all.tags,
    collectors: all.collectors ?? [],
    spoolBytes: (all.spool_mib ?? DEFAULTS.spool_mib) * 1024 * 1024,
    proxy: readProxy(env, warnings),
    processes: all.processes ?? DEFAULTS.processes,
    custom: {
      folders: all.metrics_folders?.map((folder) => resolve(folder)),
      freshMs: (all.metrics_fresh ?? DEFAULTS.metrics_fresh) * 1000,
      targets: all.scrape ?? [],
      scrapeEveryMs: (all.scrape_every ?? DEFAULTS.scrape_every) * 1000,
      statsd: all.statsd ?? [],
    },
    probes: all.probes ?? DEFAULTS.probes,
    logLevel: all.log_level ?? DEFAULTS.log_level,
    warnings,
  };
  return { kind: 'run', config: Object.freeze(config) };
}
