/** Every setting of the agent: its names as flag, environment variable and YAML key, its default, and its schema. */
import { z } from 'zod';
import { tags } from '#protocol/api.ts';
import { choiceProblem } from '../collectors/list.ts';
import { LOG_LEVELS } from '../log.ts';

/** Seconds between pushes: the limits of the setting, and the default until the server asks for another one. */
export const INTERVAL_S = { least: 1, most: 3600, default: 5 } as const;

/** What counts when no source has the setting. */
export const DEFAULTS = {
  data: './agent-data',
  spool_mib: 64,
  processes: 'names',
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
    help: 'What the server is told of the processes that use most (Linux, Windows): `arguments` sends their command lines too, which may hold secrets.',
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
