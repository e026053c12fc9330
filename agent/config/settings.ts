/** Every setting of the agent: its names as flag, environment variable and YAML key, its default, and its schema. */
import { z } from 'zod';
import { tags } from '#protocol/api.ts';
import { errorText } from '#protocol/errors.ts';
import { choiceProblem } from '../collectors/list.ts';
import { USUAL_FOLDER } from '../collectors/custom/custom.ts';
import { addressesOf, targetOf } from '../collectors/custom/source-settings.ts';
import { allowanceProblem, DEFAULT_ALLOWANCE } from '../probes/allowance.ts';
import { LOG_LEVELS } from '../log.ts';

/** Seconds between pushes: the limits of the setting, and the default until the server asks for another one. */
export const INTERVAL_S = { least: 1, most: 3600, default: 5 } as const;

/** What counts when no source has the setting. */
export const DEFAULTS = {
  data: './agent-data',
  spool_mib: 64,
  processes: 'names',
  metrics_fresh: 3600,
  scrape_every: 5,
  probes: DEFAULT_ALLOWANCE,
  log_level: 'info',
} as const;

/** What is told of processes: nothing, their names, or their arguments as well, which may hold secrets. */
const PROCESSES = ['off', 'names', 'arguments'] as const;

interface Setting {
  /** Its name in the YAML file. */
  readonly key: string;
  /** Its name on the command line, without the two dashes. */
  readonly flag: string;
  /** Its name in the environment. */
  readonly env: string;
  /** What its value looks like, for the help text. */
  readonly value: string;
  /** Its default, for people. */
  readonly defaultText: string;
  readonly help: string;
}

export const SETTINGS = [
  {
    key: 'enroll',
    flag: 'enroll',
    env: 'WATCHFLOOR_ENROLL',
    value: 'watchfloor://…',
    defaultText: 'none',
    help: 'The enrollment string from the server. A secret: better in the environment or a file than in a flag.',
  },
  {
    key: 'enroll_file',
    flag: 'enroll-file',
    env: 'WATCHFLOOR_ENROLL_FILE',
    value: 'path',
    defaultText: 'none',
    help: 'A file that holds the enrollment string.',
  },
  {
    key: 'data',
    flag: 'data',
    env: 'WATCHFLOOR_AGENT_DATA',
    value: 'path',
    defaultText: DEFAULTS.data,
    help: 'The folder for identity, token and spool; one for each agent.',
  },
  {
    key: 'config',
    flag: 'config',
    env: 'WATCHFLOOR_CONFIG',
    value: 'path',
    defaultText: 'none',
    help: 'A YAML file with these settings.',
  },
  {
    key: 'interval',
    flag: 'interval',
    env: 'WATCHFLOOR_INTERVAL',
    value: 'seconds',
    defaultText: `what the server asks for, ${INTERVAL_S.default}`,
    help: `Seconds between pushes while nobody watches, ${INTERVAL_S.least} to ${INTERVAL_S.most}.`,
  },
  {
    key: 'name',
    flag: 'name',
    env: 'WATCHFLOOR_NAME',
    value: 'text',
    defaultText: 'the hostname',
    help: 'What the device is called; taken when it joins.',
  },
  {
    key: 'tags',
    flag: 'tags',
    env: 'WATCHFLOOR_TAGS',
    value: 'a,b',
    defaultText: 'none',
    help: 'Tags of the device, separated by commas; taken when it joins.',
  },
  {
    key: 'collectors',
    flag: 'collectors',
    env: 'WATCHFLOOR_COLLECTORS',
    value: '-a,-b',
    defaultText: 'all',
    help: 'What is measured: with a minus, all but these (-tcp,-sensors); without, these alone (cpu,memory).',
  },
  {
    key: 'spool_mib',
    flag: 'spool-mib',
    env: 'WATCHFLOOR_SPOOL_MIB',
    value: 'MiB',
    defaultText: String(DEFAULTS.spool_mib),
    help: 'Disk space for samples while the server cannot be reached.',
  },
  {
    key: 'processes',
    flag: 'processes',
    env: 'WATCHFLOOR_PROCESSES',
    value: PROCESSES.join('|'),
    defaultText: DEFAULTS.processes,
    help: 'What the server is told of the processes that use most (Linux, Windows, macOS): `arguments` sends their command lines too, which may hold secrets.',
  },
  {
    key: 'metrics_folders',
    flag: 'metrics-folders',
    env: 'WATCHFLOOR_METRICS_FOLDERS',
    value: 'path,path|off',
    defaultText: `${USUAL_FOLDER} where it is there`,
    help: 'Folders of `*.prom` files whose numbers are sent, as for the textfile collector of node_exporter.',
  },
  {
    key: 'metrics_fresh',
    flag: 'metrics-fresh',
    env: 'WATCHFLOOR_METRICS_FRESH',
    value: 'seconds',
    defaultText: String(DEFAULTS.metrics_fresh),
    help: 'For how long after a `*.prom` file was written its numbers are current; after that only its age is sent.',
  },
  {
    key: 'scrape',
    flag: 'scrape',
    env: 'WATCHFLOOR_SCRAPE',
    value: 'name=url,…',
    defaultText: 'none',
    help: 'Prometheus endpoints of this machine that are asked for their numbers: node=http://127.0.0.1:9100/metrics.',
  },
  {
    key: 'scrape_every',
    flag: 'scrape-every',
    env: 'WATCHFLOOR_SCRAPE_EVERY',
    value: 'seconds',
    defaultText: String(DEFAULTS.scrape_every),
    help: 'Seconds between two questions to such an endpoint, 1 to 300.',
  },
  {
    key: 'statsd',
    flag: 'statsd',
    env: 'WATCHFLOOR_STATSD',
    value: 'port,path',
    defaultText: 'off',
    help: 'Where programs of this machine send lines of StatsD, or `name value`: a UDP port of loopback (8125), or the path of a socket to make.',
  },
  {
    key: 'probes',
    flag: 'probes',
    env: 'WATCHFLOOR_PROBES',
    value: 'public,local,…',
    defaultText: DEFAULTS.probes,
    help: 'What the probes of the server may reach from here: `public` (the internet), `private` and `local` (this machine), `all` of these, hosts and networks (`10.0.0.5:5432`, `10.0.0.0/24`, `*.lan:443`), or `off`.',
  },
  {
    key: 'log_level',
    flag: 'log-level',
    env: 'WATCHFLOOR_LOG_LEVEL',
    value: LOG_LEVELS.join('|'),
    defaultText: DEFAULTS.log_level,
    help: 'How much is logged.',
  },
] as const satisfies readonly Setting[];

export type SettingKey = (typeof SETTINGS)[number]['key'];

/** A number, which flags and the environment give as text. */
const number = (least: number, most: number, what: string) => {
  const message = `must be ${what} from ${least} to ${most}`;
  const text = z
    .string()
    .trim()
    .regex(/^\d+(\.\d+)?$/, message)
    .transform(Number);
  return z.union([z.number(), text], message).pipe(z.number(message).min(least, message).max(most, message));
};

const path = z.string('must be a path').trim().min(1, 'must be a path');
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== ''),
);

/** Notes what is wrong with a list of collectors. */
function checkChoice(chosen: readonly string[], context: z.RefinementCtx): void {
  const problem = choiceProblem(chosen);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
}

/** A list whose items are each turned into something by `read`, which throws where it cannot. */
const readEach = <Item>(read: (text: string) => Item) =>
  z.union([list, z.array(z.string())], 'must be a list').transform((items, context) => {
    try {
      return items.map(read);
    } catch (error) {
      context.addIssue({ code: 'custom', message: errorText(error) });
      return z.NEVER;
    }
  });

/** Folders, or none at all. */
const folders = z
  .union([list, z.array(z.string())], 'must be a list of folders')
  .transform((names) => (names.length === 1 && names[0] === 'off' ? [] : names));

/** In YAML, a port is a number. */
function asTexts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asTexts);
  return typeof value === 'number' ? String(value) : value;
}

const distinct = (names: readonly string[]) => new Set(names).size === names.length;

/** Notes what is wrong with what may be probed. */
function checkAllowance(setting: string, context: z.RefinementCtx): void {
  const problem = allowanceProblem(setting);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
}

/** The schema of each setting, for every source. */
export const SCHEMAS = {
  enroll: z.string('must be an enrollment string').trim().min(1, 'must be an enrollment string'),
  enroll_file: path,
  data: path,
  config: path,
  interval: number(INTERVAL_S.least, INTERVAL_S.most, 'a number of seconds'),
  name: z
    .string('must be a text')
    .trim()
    .min(1, 'must not be empty')
    .max(120, 'must have at most 120 characters'),
  tags: z.union([list, z.array(z.string())], 'must be a list').pipe(tags),
  collectors: z.union([list, z.array(z.string())], 'must be a list').superRefine(checkChoice),
  spool_mib: number(1, 65_536, 'a number of MiB'),
  processes: z.enum(PROCESSES, `must be one of ${PROCESSES.join(', ')}`),
  metrics_folders: folders,
  metrics_fresh: number(10, 31 * 86_400, 'a number of seconds'),
  scrape: readEach(targetOf).refine(
    (targets) => distinct(targets.map(({ name }) => name)),
    'must give each endpoint another name: name=url',
  ),
  scrape_every: number(1, 300, 'a number of seconds'),
  statsd: z.preprocess(asTexts, readEach(addressesOf)).transform((addresses) => addresses.flat()),
  probes: z
    .union([z.string(), z.array(z.string()).transform((parts) => parts.join(','))], 'must be a list')
    .superRefine(checkAllowance),
  log_level: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`),
} satisfies Record<SettingKey, z.ZodType>;

/** The settings in the text of `--help`. */
export function describeSettings(): string {
  const rows = SETTINGS.map(({ flag, env, value, defaultText, help }) => [
    `  --${flag} <${value}>`,
    `      ${help}`,
    `      Environment: ${env}. Default: ${defaultText}.`,
  ]);
  return rows.flat().join('\n');
}
