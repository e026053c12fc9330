/** `GET /metrics`: the newest values of online devices as Prometheus text. */
import { timingSafeEqual } from 'node:crypto';
import type { Device } from '#protocol/api.ts';
import { fieldInfo, parseInstanceField } from '#protocol/fields.ts';
import type { Values } from '#protocol/sample.ts';
import { secretHash } from '../auth/secrets.ts';
import { ApiError } from '#protocol/errors.ts';
import { TextReply } from '../http/request.ts';
import { route, type Route } from '../http/route.ts';

export interface PrometheusParts {
  readonly devices: () => readonly { readonly device: Device; readonly values: Values }[];
  readonly scrapeToken: string | undefined;
  readonly isSignedIn: (cookie: string) => Promise<boolean>;
}

const name = (text: string) => text.replace(/[^A-Za-z0-9_]/g, '_');
const label = (text: string) => text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"');

/** The label that names an instance; a custom kind may be called like a label that is there already. */
const labelOf = (kind: string) => (/^device(_id)?$/.test(name(kind)) ? `${name(kind)}_instance` : name(kind));

/** Prometheus' exposition format, version 0.0.4: one family a metric. */
export function exposition(devices: ReturnType<PrometheusParts['devices']>): string {
  const families = new Map<string, { help: string; lines: string[] }>();
  const written = new Set<string>();
  const add = (family: string, help: string, labels: string, value: number) => {
    // Two custom names may differ only in what is no letter here: the first one counts.
    const series = `${family}{${labels}}`;
    if (written.has(series)) return;
    written.add(series);
    let found = families.get(family);
    if (!found) families.set(family, (found = { help, lines: [] }));
    found.lines.push(`${series} ${value}`);
  };
  for (const { device, values } of devices) {
    const who = `device_id="${label(device.device_id)}",device="${label(device.name)}"`;
    add('watchfloor_up', 'Whether the device is online.', who, device.status === 'online' ? 1 : 0);
    if (device.status !== 'online') continue;
    for (const [field, value] of Object.entries(values)) {
      const part = parseInstanceField(field);
      const called = part ? `${part.kind} ${part.field}` : field;
      const help = `${fieldInfo(field)?.label ?? called}, ${fieldInfo(field)?.unit ?? 'no unit'}.`;
      if (part)
        add(
          `watchfloor_${name(part.kind)}_${name(part.field)}`,
          help,
          `${who},${labelOf(part.kind)}="${label(part.instance)}"`,
          value,
        );
      else add(`watchfloor_device_${name(field)}`, help, who, value);
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
  const wanted = scrapeToken === undefined ? undefined : Buffer.from(secretHash(`Bearer ${scrapeToken}`));
  return [
    route({
      method: 'GET',
      path: '/metrics',
      access: 'public',
      summary: 'The newest values as Prometheus text; with the scrape token or a session.',
      async handle({ request }) {
        const given = Buffer.from(secretHash(request.header('authorization')));
        const isScraper = wanted !== undefined && timingSafeEqual(given, wanted);
        if (!isScraper && !(await isSignedIn(request.header('cookie'))))
          throw new ApiError('invalid_scrape_token');
        return new TextReply('text/plain; version=0.0.4; charset=utf-8', exposition(devices()));
      },
    }),
  ];
}
