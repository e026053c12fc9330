/** `GET /metrics`: the newest values of online devices as Prometheus text. */
import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Device } from '#protocol/api.ts';
import { fieldInfo, parseInstanceField, type Unit } from '#protocol/fields.ts';
import type { Values } from '#protocol/sample.ts';
import { wellFormed } from '#protocol/text.ts';
import { secretHash } from '../auth/secrets.ts';
import { ApiError } from '#protocol/errors.ts';
import { TextReply } from '../http/request.ts';
import { route, type Route } from '../http/route.ts';

export interface PrometheusParts {
  readonly devices: () => readonly { readonly device: Device; readonly values: Values }[];
  /** Undefined: only a session may read. */
  readonly scrapeToken: string | undefined;
  /** Whether a Cookie header belongs to a session that may read the text without the token. */
  readonly mayRead: (cookie: string) => Promise<boolean>;
}

/** [S6] A label's value in the text format, which is UTF-8: of a lone surrogate, Prometheus drops the whole target. */
const labelValue = (text: string) =>
  wellFormed(text).replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"');

const labelsOf = (labels: Readonly<Record<string, string>>) =>
  Object.entries(labels)
    .map(([name, value]) => `${name}="${labelValue(value)}"`)
    .join(',');

/** One value of a device as Prometheus names and measures it. */
interface Metric {
  readonly family: string;
  readonly help: string;
  /** As they are written; '' for none. */
  readonly labels: string;
  /** What the value is divided by. */
  readonly divisor: number;
}

/** The end of a metric's name by Prometheus' conventions: base units, in full. */
const SUFFIXES: Readonly<Record<Unit, string>> = {
  percent: '_ratio',
  ratio: '_ratio',
  bytes: '_bytes',
  bytes_per_second: '_bytes_per_second',
  per_second: '_per_second',
  seconds: '_seconds',
  milliseconds: '_seconds',
  celsius: '_celsius',
  hertz: '_hertz',
  volts: '_volts',
  watts: '_watts',
  rpm: '_rpm',
  count: '',
};
const UNITS: Readonly<Record<Unit, string>> = {
  percent: 'from 0 to 1',
  ratio: 'from 0 to 1',
  bytes: 'in bytes',
  bytes_per_second: 'in bytes per second',
  per_second: 'per second',
  seconds: 'in seconds',
  milliseconds: 'in seconds',
  celsius: 'in degrees Celsius',
  hertz: 'in hertz',
  volts: 'in volts',
  watts: 'in watts',
  rpm: 'in revolutions per minute',
  count: 'a number',
};

/** What a value is divided by to be in Prometheus' base unit. */
const DIVISORS: Readonly<Partial<Record<Unit, number>>> = { percent: 100, milliseconds: 1000 };

/** Days are a number with a name that says so; Prometheus has time in seconds. */
const DAYS = /_days$/;
const SECONDS_OF_DAY = 86_400;

/** The metric's name of a field that the agent sends: `uptime_s` becomes `watchfloor_device_uptime_seconds`. */
function familyName(subject: string, field: string, unit: Unit): string {
  const bare = `${subject}_${field}`.replace(/_(bytes|s|ms|days|hertz)$/, '');
  const suffix = SUFFIXES[unit];
  return `watchfloor_${bare.endsWith(suffix) ? bare : `${bare}${suffix}`}`;
}

/**
 * A field that the agent sends has a metric of its own. All custom fields share one, with their name as a label:
 * their names follow no rules of Prometheus, and two of them could become one.
 */
function metricOf(field: string): Metric {
  const info = fieldInfo(field);
  const part = parseInstanceField(field);
  if (!info) {
    const labels = labelsOf(part ? { kind: part.kind, name: part.instance, field: part.field } : { field });
    return { family: 'watchfloor_custom', help: 'A custom field, as it was sent.', labels, divisor: 1 };
  }
  const isInDays = DAYS.test(field);
  const unit = isInDays ? 'seconds' : info.unit;
  return {
    family: familyName(part?.kind ?? 'device', part?.field ?? field, unit),
    help: `${info.label}, ${UNITS[unit]}.`,
    labels: part ? labelsOf({ [part.kind]: part.instance }) : '',
    divisor: isInDays ? 1 / SECONDS_OF_DAY : (DIVISORS[unit] ?? 1),
  };
}

/**
 * The devices' values in Prometheus' exposition format 0.0.4, one family per metric; only `up` for offline
 * devices.
 */
export function exposition(devices: ReturnType<PrometheusParts['devices']>): string {
  const families = new Map<string, { help: string; lines: string[] }>();
  const metrics = new Map<string, Metric>();
  const add = (family: string, help: string, labels: string, value: number) => {
    let entry = families.get(family);
    if (!entry) families.set(family, (entry = { help, lines: [] }));
    entry.lines.push(`${family}{${labels}} ${value}`);
  };
  for (const { device, values } of devices) {
    const deviceLabels = labelsOf({ device_id: device.device_id, device: device.name });
    add('watchfloor_up', 'Whether the device is online.', deviceLabels, device.status === 'online' ? 1 : 0);
    if (device.status !== 'online') continue;
    // Two names that differ only in a lone surrogate would be one series.
    const written = new Set<string>();
    for (const [field, value] of Object.entries(values)) {
      const name = wellFormed(field);
      if (written.has(name)) continue;
      written.add(name);
      let metric = metrics.get(name);
      if (!metric) metrics.set(name, (metric = metricOf(name)));
      const labels = metric.labels === '' ? deviceLabels : `${deviceLabels},${metric.labels}`;
      add(metric.family, metric.help, labels, value / metric.divisor);
    }
  }
  return [...families]
    .map(
      ([family, { help, lines }]) =>
        `# HELP ${family} ${help}\n# TYPE ${family} gauge\n${lines.join('\n')}\n`,
    )
    .join('');
}

export function prometheusRoutes({ devices, scrapeToken, mayRead }: PrometheusParts): Route[] {
  // Hashes have equal lengths, which timingSafeEqual requires.
  const expected = scrapeToken === undefined ? undefined : Buffer.from(secretHash(`Bearer ${scrapeToken}`));
  return [
    route({
      method: 'GET',
      path: '/metrics',
      access: 'public',
      summary: 'The newest values as Prometheus text; needs the scrape token or a session.',
      reply: z.string(),
      contentTypes: ['text/plain'],
      security: ['scrapeToken', 'session'],
      errors: ['invalid_scrape_token'],
      async handle({ request }) {
        const received = Buffer.from(secretHash(request.header('authorization')));
        const isScraper = expected !== undefined && timingSafeEqual(received, expected);
        if (!isScraper && !(await mayRead(request.header('cookie'))))
          throw new ApiError('invalid_scrape_token');
        return new TextReply('text/plain; version=0.0.4; charset=utf-8', exposition(devices()));
      },
    }),
  ];
}
