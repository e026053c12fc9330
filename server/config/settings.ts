/** Every setting of the server: its names in the three places it may come from, and what it must look like. */
import { z } from 'zod';

const number = (least: number, most: number) => {
  const message = `must be a number from ${least} to ${most}`;
  const fromText = z
    .string()
    .trim()
    .regex(/^\d+(\.\d+)?$/, message)
    .transform(Number);
  return z
    .union([z.number(), fromText], message)
    .pipe(z.number(message).min(least, message).max(most, message));
};
const whole = (least: number, most: number) =>
  number(least, most).refine(Number.isInteger, 'must be a whole number');
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

interface Setting {
  readonly schema: z.ZodType;
  /** '' for a secret: a flag would show in the process list. */
  readonly flag: string;
  readonly env: string;
  readonly value: string;
  readonly otherwise: string;
  readonly help: string;
}

/** By their names in the YAML file. */
export const SETTING = {
  host: {
    schema: text,
    flag: 'host',
    env: 'WATCHFLOOR_HOST',
    value: 'address',
    otherwise: '0.0.0.0',
    help: 'The address to listen on.',
  },
  port: {
    schema: whole(0, 65535),
    flag: 'port',
    env: 'WATCHFLOOR_PORT',
    value: 'port',
    otherwise: '8443',
    help: 'The port for browsers and agents.',
  },
  data: {
    schema: text,
    flag: 'data',
    env: 'WATCHFLOOR_DATA',
    value: 'path',
    otherwise: './data',
    help: 'The folder for everything the server keeps.',
  },
  config: {
    schema: text,
    flag: 'config',
    env: 'WATCHFLOOR_CONFIG',
    value: 'path',
    otherwise: 'none',
    help: 'A YAML file with these settings.',
  },
  tls: {
    schema: z.enum(['auto', 'off'], 'must be auto or off'),
    flag: 'tls',
    env: 'WATCHFLOOR_TLS',
    value: 'auto|off',
    otherwise: 'auto',
    help: 'Off is taken on loopback only, for a reverse proxy on this machine.',
  },
  tls_cert: {
    schema: text,
    flag: 'tls-cert',
    env: 'WATCHFLOOR_TLS_CERT',
    value: 'path',
    otherwise: 'its own authority',
    help: 'A certificate of your own with its chain, PEM.',
  },
  tls_key: {
    schema: text,
    flag: 'tls-key',
    env: 'WATCHFLOOR_TLS_KEY',
    value: 'path',
    otherwise: 'its own authority',
    help: 'The key of that certificate, PEM.',
  },
  tls_names: {
    schema: list,
    flag: 'tls-names',
    env: 'WATCHFLOOR_TLS_NAMES',
    value: 'names',
    otherwise: "the machine's own",
    help: 'Further names and addresses for the certificate the server makes.',
  },
  admin_password: {
    schema: text.min(10, 'must have at least 10 characters'),
    flag: '',
    env: 'WATCHFLOOR_ADMIN_PASSWORD',
    value: 'text',
    otherwise: 'generated, printed once',
    help: 'The password of `admin`; read on the first start only.',
  },
  public_url: {
    schema: url,
    flag: 'public-url',
    env: 'WATCHFLOOR_PUBLIC_URL',
    value: 'address',
    otherwise: 'as the browser calls it',
    help: 'Where agents reach this server, for enrollment strings.',
  },
  interval: {
    schema: number(1, 300),
    flag: 'interval',
    env: 'WATCHFLOOR_INTERVAL',
    value: 'seconds',
    otherwise: '5',
    help: 'Between the pushes of a device that nobody watches.',
  },
  session_days: {
    schema: number(0.01, 400),
    flag: 'session-days',
    env: 'WATCHFLOOR_SESSION_DAYS',
    value: 'days',
    otherwise: '30',
    help: 'How long a sign-in lasts without being used.',
  },
  raw_days: {
    schema: number(1, 400),
    flag: 'raw-days',
    env: 'WATCHFLOOR_RAW_DAYS',
    value: 'days',
    otherwise: '3',
    help: 'How long every second is kept.',
  },
  minute_days: {
    schema: number(1, 4000),
    flag: 'minute-days',
    env: 'WATCHFLOOR_MINUTE_DAYS',
    value: 'days',
    otherwise: '90',
    help: 'How long minutes are kept.',
  },
  quarter_days: {
    schema: number(1, 40000),
    flag: 'quarter-days',
    env: 'WATCHFLOOR_QUARTER_DAYS',
    value: 'days',
    otherwise: '1100',
    help: 'How long quarters of an hour are kept.',
  },
  allow_agents: {
    schema: list,
    flag: 'allow-agents',
    env: 'WATCHFLOOR_ALLOW_AGENTS',
    value: 'networks',
    otherwise: 'everybody',
    help: 'Addresses and networks (CIDR) that agents may push from.',
  },
  allow_people: {
    schema: list,
    flag: 'allow-people',
    env: 'WATCHFLOOR_ALLOW_PEOPLE',
    value: 'networks',
    otherwise: 'everybody',
    help: 'Addresses and networks (CIDR) that people may come from.',
  },
  trusted_proxies: {
    schema: list,
    flag: 'trusted-proxies',
    env: 'WATCHFLOOR_TRUSTED_PROXIES',
    value: 'networks',
    otherwise: 'none',
    help: 'Reverse proxies whose X-Forwarded-For and X-Forwarded-Host are believed.',
  },
  scrape_token: {
    schema: text.min(16, 'must have at least 16 characters'),
    flag: '',
    env: 'WATCHFLOOR_SCRAPE_TOKEN',
    value: 'text',
    otherwise: 'none',
    help: 'Lets Prometheus read `GET /metrics` with this bearer token.',
  },
  influx_url: {
    schema: url,
    flag: 'influx-url',
    env: 'INFLUX_URL',
    value: 'address',
    otherwise: 'none: the embedded store',
    help: 'Keep the history in this InfluxDB 2; the other three are then needed.',
  },
  influx_token: {
    schema: text,
    flag: '',
    env: 'INFLUX_TOKEN',
    value: 'text',
    otherwise: 'none',
    help: 'Its token: may read and write the three buckets, and make them where they do not exist.',
  },
  influx_org: {
    schema: text,
    flag: 'influx-org',
    env: 'INFLUX_ORG',
    value: 'name',
    otherwise: 'none',
    help: 'Its organisation.',
  },
  influx_bucket: {
    schema: text,
    flag: 'influx-bucket',
    env: 'INFLUX_BUCKET',
    value: 'name',
    otherwise: 'none',
    help: 'The bucket of the samples; minutes and quarters of an hour go into `_1m` and `_15m` beside it.',
  },
  log_level: {
    schema: z.enum(
      ['debug', 'info', 'warn', 'error', 'silent'],
      'must be debug, info, warn, error or silent',
    ),
    flag: 'log-level',
    env: 'WATCHFLOOR_LOG_LEVEL',
    value: 'level',
    otherwise: 'info',
    help: 'How much is logged: debug, info, warn, error or silent.',
  },
} as const satisfies Record<string, Setting>;

export type SettingKey = keyof typeof SETTING;
export type SettingValues = { [K in SettingKey]?: z.output<(typeof SETTING)[K]['schema']> };

/** The same as rows, for the README and `--help`. */
export const SETTINGS = Object.entries(SETTING).map(([key, { flag, env, value, otherwise, help }]) => ({
  key,
  flag,
  env,
  value,
  otherwise,
  help,
}));

/** The help text's table. */
export function describeSettings(): string {
  return SETTINGS.map(({ key, flag, env, value, otherwise, help }) =>
    [
      flag === '' ? `  ${key} (no flag: a secret)` : `  --${flag} <${value}>`,
      `      ${help}`,
      `      Environment: ${env}. Default: ${otherwise}.`,
    ].join('\n'),
  ).join('\n');
}
