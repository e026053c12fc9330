/** Every setting of the agent: its names in the three places it may come from, and what it must look like. */
import { z } from 'zod';
import { tags } from '#protocol/api.ts';
import { LOG_LEVELS } from '../log.ts';

export interface Setting {
  /** In the YAML file. */
  readonly key: string;
  /** On the command line, without the two dashes. */
  readonly flag: string;
  readonly env: string;
  readonly value: string;
  readonly otherwise: string;
  readonly help: string;
}

export const SETTINGS = [
  {
    key: 'enroll',
    flag: 'enroll',
    env: 'WATCHFLOOR_ENROLL',
    value: 'watchfloor://…',
    otherwise: 'none',
    help: 'The enrollment string from the server. A secret: better in the environment or a file than in a flag.',
  },
  {
    key: 'enroll_file',
    flag: 'enroll-file',
    env: 'WATCHFLOOR_ENROLL_FILE',
    value: 'path',
    otherwise: 'none',
    help: 'A file that holds the enrollment string.',
  },
  {
    key: 'data',
    flag: 'data',
    env: 'WATCHFLOOR_AGENT_DATA',
    value: 'path',
    otherwise: './agent-data',
    help: 'The folder for identity, token and spool; one for each agent.',
  },
  {
    key: 'config',
    flag: 'config',
    env: 'WATCHFLOOR_CONFIG',
    value: 'path',
    otherwise: 'none',
    help: 'A YAML file with these settings.',
  },
  {
    key: 'interval',
    flag: 'interval',
    env: 'WATCHFLOOR_INTERVAL',
    value: 'seconds',
    otherwise: 'what the server asks for, 5',
    help: 'Seconds between pushes while nobody watches, 1 to 3600.',
  },
  {
    key: 'name',
    flag: 'name',
    env: 'WATCHFLOOR_NAME',
    value: 'text',
    otherwise: 'the hostname',
    help: 'What the device is called; taken when it joins.',
  },
  {
    key: 'tags',
    flag: 'tags',
    env: 'WATCHFLOOR_TAGS',
    value: 'a,b',
    otherwise: 'none',
    help: 'Tags of the device, separated by commas; taken when it joins.',
  },
  {
    key: 'spool_mib',
    flag: 'spool-mib',
    env: 'WATCHFLOOR_SPOOL_MIB',
    value: 'MiB',
    otherwise: '64',
    help: 'Disk space for samples while the server cannot be reached.',
  },
  {
    key: 'log_level',
    flag: 'log-level',
    env: 'WATCHFLOOR_LOG_LEVEL',
    value: LOG_LEVELS.join('|'),
    otherwise: 'info',
    help: 'How much is logged.',
  },
] as const satisfies readonly Setting[];

export type SettingKey = (typeof SETTINGS)[number]['key'];

/** A number as the environment and flags write it. */
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

/** One schema a setting, for any source. */
export const SCHEMAS = {
  enroll: z.string('must be an enrollment string').trim().min(1, 'must be an enrollment string'),
  enroll_file: path,
  data: path,
  config: path,
  interval: number(1, 3600, 'a number of seconds'),
  name: z
    .string('must be a text')
    .trim()
    .min(1, 'must not be empty')
    .max(120, 'must have at most 120 characters'),
  tags: z.union([list, z.array(z.string())], 'must be a list').pipe(tags),
  spool_mib: number(1, 65_536, 'a number of MiB'),
  log_level: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`),
} satisfies Record<SettingKey, z.ZodType>;

/** The help text's table. */
export function describeSettings(): string {
  const rows = SETTINGS.map(({ flag, env, value, otherwise, help }) => [
    `  --${flag} <${value}>`,
    `      ${help}`,
    `      Environment: ${env}. Default: ${otherwise}.`,
  ]);
  return rows.flat().join('\n');
}
