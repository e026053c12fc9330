/**
 * Every setting of the server: its flag, its environment variable, its key in the YAML file, and its schema.
 */
import { BASE_PATH } from '#protocol/enrollment.ts';
import { z } from 'zod';
import { ASKED_INTERVAL_S } from '#protocol/sample.ts';

const number = (min: number, max: number) => {
  const message = `must be a number from ${min} to ${max}`;
  const fromText = z
    .string()
    .trim()
    .regex(/^\d+(\.\d+)?$/, message)
    .transform(Number);
  return z.union([z.number(), fromText], message).pipe(z.number(message).min(min, message).max(max, message));
};
const wholeNumber = (min: number, max: number) =>
  number(min, max).refine(Number.isInteger, 'must be a whole number');
const text = z.string('must be a text').trim().min(1, 'must not be empty');
const list = z.union(
  [
    z.string().transform((joined) =>
      joined
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    ),
    z.array(z.string()),
  ],
  'must be a list',
);
const url = z.url({
  protocol: /^https?$/,
  error: 'must be an address such as https://watch.example.com:8443',
});

/** The path of a public URL, without a slash at its end; '' for none. */
export const basePath = (publicUrl: string | undefined): string =>
  publicUrl === undefined ? '' : new URL(publicUrl).pathname.replace(/\/$/, '');

function isPublicUrl(text: string): boolean {
  // The address itself is judged above.
  if (!URL.canParse(text)) return true;
  const { origin, pathname, href } = new URL(text);
  const path = basePath(text);
  return href === origin + pathname && (path === '' || BASE_PATH.test(path));
}

const publicUrl = url.refine(
  isPublicUrl,
  'must have no query and no user name, and a path, if any, of letters, digits, "-", "_", "." and "~", without the /ui',
);

interface Setting {
  readonly schema: z.ZodType;
  /** Without the dashes; '' for a secret, as the process list would show its value. */
  readonly flag: string;
  readonly env: string;
  /** What the value is, for `--help`: `address`, `seconds`. */
  readonly value: string;
  /** What applies without the setting, for `--help` and the README. */
  readonly defaultText: string;
  readonly help: string;
}

/** The settings by their keys in the YAML file. */
export const SETTING = {
  host: {
    schema: text,
    flag: 'host',
    env: 'WATCHFLOOR_HOST',
    value: 'address',
    defaultText: ':: (all addresses, IPv6 and IPv4)',
    help: 'The address to listen on.',
  },
  port: {
    schema: wholeNumber(0, 65535),
    flag: 'port',
    env: 'WATCHFLOOR_PORT',
    value: 'port',
    defaultText: '8443',
    help: 'The port for browsers and agents.',
  },
  data: {
    schema: text,
    flag: 'data',
    env: 'WATCHFLOOR_DATA',
    value: 'path',
    defaultText: './data',
    help: 'The folder for everything the server keeps.',
  },
  packages: {
    schema: text,
    flag: 'packages',
    env: 'WATCHFLOOR_PACKAGES',
    value: 'path',
    defaultText: 'packages in the data folder',
    help: "The folder with the agent's packages, which this server hands out; `npm run package` fills it.",
  },
  config: {
    schema: text,
    flag: 'config',
    env: 'WATCHFLOOR_CONFIG',
    value: 'path',
    defaultText: 'none',
    help: 'A YAML file with these settings.',
  },
  tls: {
    schema: z.enum(['auto', 'off'], 'must be auto or off'),
    flag: 'tls',
    env: 'WATCHFLOOR_TLS',
    value: 'auto|off',
    defaultText: 'auto',
    help: '`off` is accepted on loopback only, for a reverse proxy on this machine.',
  },
  tls_cert: {
    schema: text,
    flag: 'tls-cert',
    env: 'WATCHFLOOR_TLS_CERT',
    value: 'path',
    defaultText: 'its own authority',
    help: 'A certificate of your own with its chain, PEM.',
  },
  tls_key: {
    schema: text,
    flag: 'tls-key',
    env: 'WATCHFLOOR_TLS_KEY',
    value: 'path',
    defaultText: 'its own authority',
    help: 'The key of that certificate, PEM.',
  },
  tls_names: {
    schema: list,
    flag: 'tls-names',
    env: 'WATCHFLOOR_TLS_NAMES',
    value: 'names',
    defaultText: "the machine's names and addresses",
    help: 'Additional names and addresses for the certificate that the server makes.',
  },
  admin_password: {
    schema: text.min(10, 'must have at least 10 characters'),
    flag: '',
    env: 'WATCHFLOOR_ADMIN_PASSWORD',
    value: 'text',
    defaultText: 'generated, printed once',
    help: 'The password of `admin`; read on the first start only.',
  },
  public_url: {
    schema: publicUrl,
    flag: 'public-url',
    env: 'WATCHFLOOR_PUBLIC_URL',
    value: 'address',
    defaultText: "the host in the browser's address bar",
    help: 'The URL at which people and agents reach this server; with a path where a proxy has it below one.',
  },
  interval: {
    schema: number(ASKED_INTERVAL_S.least, ASKED_INTERVAL_S.most),
    flag: 'interval',
    env: 'WATCHFLOOR_INTERVAL',
    value: 'seconds',
    defaultText: '5',
    help: 'The time between the pushes of a device that nobody watches.',
  },
  alert_reopen: {
    schema: number(0, 1440),
    flag: 'alert-reopen',
    env: 'WATCHFLOOR_ALERT_REOPEN',
    value: 'minutes',
    defaultText: '10',
    help: 'An alert that comes back within this time after it ended is the same alert again; 0: always a new one.',
  },
  session_days: {
    schema: number(0.01, 400),
    flag: 'session-days',
    env: 'WATCHFLOOR_SESSION_DAYS',
    value: 'days',
    defaultText: '30',
    help: 'How long an unused session lasts.',
  },
  raw_days: {
    schema: number(1, 400),
    flag: 'raw-days',
    env: 'WATCHFLOOR_RAW_DAYS',
    value: 'days',
    defaultText: '3',
    help: 'How long per-second samples are kept.',
  },
  minute_days: {
    schema: number(1, 4000),
    flag: 'minute-days',
    env: 'WATCHFLOOR_MINUTE_DAYS',
    value: 'days',
    defaultText: '90',
    help: 'How long minute values are kept.',
  },
  quarter_days: {
    schema: number(1, 40000),
    flag: 'quarter-days',
    env: 'WATCHFLOOR_QUARTER_DAYS',
    value: 'days',
    defaultText: '1100',
    help: 'How long values per quarter of an hour are kept.',
  },
  process_days: {
    schema: number(1, 4000),
    flag: 'process-days',
    env: 'WATCHFLOOR_PROCESS_DAYS',
    value: 'days',
    defaultText: '14',
    help: 'How long it is kept which processes used most.',
  },
  allow_agents: {
    schema: list,
    flag: 'allow-agents',
    env: 'WATCHFLOOR_ALLOW_AGENTS',
    value: 'networks',
    defaultText: 'everybody',
    help: 'Addresses and networks (CIDR) that agents may push from.',
  },
  allow_people: {
    schema: list,
    flag: 'allow-people',
    env: 'WATCHFLOOR_ALLOW_PEOPLE',
    value: 'networks',
    defaultText: 'everybody',
    help: 'Addresses and networks (CIDR) that people may come from.',
  },
  trusted_proxies: {
    schema: list,
    flag: 'trusted-proxies',
    env: 'WATCHFLOOR_TRUSTED_PROXIES',
    value: 'networks',
    defaultText: 'none',
    help: 'Reverse proxies whose X-Forwarded-For and X-Forwarded-Host headers are used.',
  },
  scrape_token: {
    schema: text.min(16, 'must have at least 16 characters'),
    flag: '',
    env: 'WATCHFLOOR_SCRAPE_TOKEN',
    value: 'text',
    defaultText: 'none',
    help: 'Lets Prometheus read `GET /metrics` with this bearer token.',
  },
  influx_url: {
    schema: url,
    flag: 'influx-url',
    env: 'INFLUX_URL',
    value: 'address',
    defaultText: 'none: the embedded history',
    help: 'Keep the history in this InfluxDB 2; the other three INFLUX_ settings are then needed.',
  },
  influx_token: {
    schema: text,
    flag: '',
    env: 'INFLUX_TOKEN',
    value: 'text',
    defaultText: 'none',
    help: 'The token for InfluxDB; it must be allowed to read and write the three buckets, and to make missing ones.',
  },
  influx_org: {
    schema: text,
    flag: 'influx-org',
    env: 'INFLUX_ORG',
    value: 'name',
    defaultText: 'none',
    help: 'The organisation in InfluxDB.',
  },
  influx_bucket: {
    schema: text,
    flag: 'influx-bucket',
    env: 'INFLUX_BUCKET',
    value: 'name',
    defaultText: 'none',
    help: 'The bucket for per-second samples; minutes go into the bucket with `_1m` added to its name, quarters of an hour `_15m`.',
  },
  log_level: {
    schema: z.enum(
      ['debug', 'info', 'warn', 'error', 'silent'],
      'must be debug, info, warn, error or silent',
    ),
    flag: 'log-level',
    env: 'WATCHFLOOR_LOG_LEVEL',
    value: 'level',
    defaultText: 'info',
    help: 'How much is logged: debug, info, warn, error or silent.',
  },
} as const satisfies Record<string, Setting>;

export type SettingKey = keyof typeof SETTING;
export type SettingValues = { [K in SettingKey]?: z.output<(typeof SETTING)[K]['schema']> };

/** The settings as rows, for the README and `--help`. */
export const SETTINGS = Object.entries(SETTING).map(([key, { flag, env, value, defaultText, help }]) => ({
  key,
  flag,
  env,
  value,
  defaultText,
  help,
}));

/** The list of settings for `--help`. */
export function describeSettings(): string {
  return SETTINGS.map(({ key, flag, env, value, defaultText, help }) =>
    [
      flag === '' ? `  ${key} (no flag: a secret)` : `  --${flag} <${value}>`,
      `      ${help}`,
      `      Environment: ${env}. Default: ${defaultText}.`,
    ].join('\n'),
  ).join('\n');
}
