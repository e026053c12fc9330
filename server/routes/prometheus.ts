/** `GET /metrics`: the newest values of online devices as Prometheus text. */
import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Device } from '#protocol/api.ts';
import { fieldInfo, parseInstanceField } from '#protocol/fields.ts';
import type { Values } from '#protocol/sample.ts';
import { secretHash } from '../auth/secrets.ts';
import { ApiError } from '#protocol/errors.ts';
import { TextReply } from '../http/request.ts';
import { route, type Route } from '../http/route.ts';

export interface PrometheusParts {
  readonly devices: () => readonly { readonly device: Device; readonly values: Values }[];
  /** Undefined: only a session may read. */
  readonly scrapeToken: string | undefined;
  /** Whether a Cookie header belongs to a valid session. */
  readonly isSignedIn: (cookie: string) => Promise<boolean>;
}

const metricName = (text: string) => text.replace(/[^A-Za-z0-9_]/g, '_');
const labelValue = (text: string) => text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"');

/**
 * The label for an instance, named after its kind. `device` and `device_id` are taken, so such a kind is
 * renamed.
 */
function instanceLabel(kind: string): string {
  const name = metricName(kind);
  return /^device(_id)?$/.test(name) ? `${name}_instance` : name;
}

/**
 * The devices' values in Prometheus' exposition format 0.0.4, one family per metric; only `up` for offline
 * devices.
 */
export function exposition(devices: ReturnType<PrometheusParts['devices']>): string {
  const families = new Map<string, { help: string; lines: string[] }>();
  const written = new Set<string>();
  const add = (family: string, help: string, labels: string, value: number) => {
    // Custom names such as `a.b` and `a-b` become the same series; only the first one is written.
    const series = `${family}{${labels}}`;
    if (written.has(series)) return;
    written.add(series);
    let entry = families.get(family);
    if (!entry) families.set(family, (entry = { help, lines: [] }));
    entry.lines.push(`${series} ${value}`);
  };
  for (const { device, values } of devices) {
    const deviceLabels = `device_id="${labelValue(device.device_id)}",device="${labelValue(device.name)}"`;
    add('watchfloor_up', 'Whether the device is online.', deviceLabels, device.status === 'online' ? 1 : 0);
    if (device.status !== 'online') continue;
    for (const [field, value] of Object.entries(values)) {
      const part = parseInstanceField(field);
      const fallbackLabel = part ? `${part.kind} ${part.field}` : field;
      const help = `${fieldInfo(field)?.label ?? fallbackLabel}, ${fieldInfo(field)?.unit ?? 'no unit'}.`;
      if (part)
        add(
          `watchfloor_${metricName(part.kind)}_${metricName(part.field)}`,
          help,
          `${deviceLabels},${instanceLabel(part.kind)}="${labelValue(part.instance)}"`,
          value,
        );
      else add(`watchfloor_device_${metricName(field)}`, help, deviceLabels, value);
    }
  }
  return [...families]
    .map(
      ([family, { help, lines }]) =>
        `# HELP ${family} ${help}\n# TYPE ${family} gauge\n${lines.join('\n')}\n`,
    )
    .join('');
}

export function prometheusRoutes({ devices, scrapeToken, isSignedIn }: PrometheusParts): Route[] {
  // Hashes have equal lengths, which timingSafeEqual requires.
  const expected = scrapeToken === undefined ? undefined : Buffer.from(secretHash(`Bearer ${scrapeToken}`));
  return [
    route({
      method: 'GET',
      path: '/metrics',
      access: 'public',
      summary: 'The newest values as Prometheus text; needs the scrape token or a session.',
      reply: z.string(),
      contentType: 'text/plain',
      security: ['scrapeToken', 'session'],
      errors: ['invalid_scrape_token'],
      async handle({ request }) {
        const received = Buffer.from(secretHash(request.header('authorization')));
        const isScraper = expected !== undefined && timingSafeEqual(received, expected);
        if (!isScraper && !(await isSignedIn(request.header('cookie'))))
          throw new ApiError('invalid_scrape_token');
        return new TextReply('text/plain; version=0.0.4; charset=utf-8', exposition(devices()));
      },
    }),
  ];
}
