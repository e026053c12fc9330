/**
 * The sections of a machine's page: one for each kind of instances that it has (cores, filesystems …), those that this
 * page does not know included, and one for its own scalars.
 */
import { SCALAR_KIND, type FieldKind, type ListedInstance } from '#protocol/device-fields.ts';
import { instanceField, isShare, parseInstanceField } from '#protocol/fields.ts';
import { meaningOf, WHOLE } from '#protocol/meaning.ts';
import { figure, text } from '#protocol/figure.ts';
import {
  chart,
  chartOf,
  DISK_FLOOR,
  HEAT_FLOOR,
  line,
  NETWORK_FLOOR,
  type ChartSpec,
  type LineSpec,
} from './chart-spec.ts';
import { say } from '../format/messages.ts';
import { highestWords, OTHER_VALUES, SECTION_WORDS } from './section-words.ts';

export interface Section {
  readonly kind: string;
  readonly title: string;
  /** How many instances there are; for scalars, how many fields. */
  readonly count: number;
  /** The last parts of the fields by which instances can be ranked, the usual one first; empty for scalars. */
  readonly ranks: readonly string[];
}

/** The kinds in the order of the page, each with the field by which the instance comes first that matters most. */
const RANKS: readonly (readonly [kind: string, field: string])[] = [
  ['core', 'cpu'],
  ['mount', 'used'],
  ['disk', 'busy'],
  ['interface', 'rx'],
  ['quota', 'used'],
  ['sensor', 'celsius'],
  ['gpu', 'busy'],
  ['container', 'cpu'],
  ['probe', 'ms'],
  ['unit', 'failed'],
  ['raid', 'degraded'],
  ['smart', 'failing'],
  ['ups', 'load'],
  ['battery', 'charge'],
  ['process', 'cpu'],
  ['service', 'cpu'],
];

const byName = new Intl.Collator('en', { numeric: true });

/** The fields by which instances of a kind are ranked, the usual one first. */
function ranksOf({ fields }: FieldKind, rank: string | undefined): readonly string[] {
  if (rank === undefined || !fields.includes(rank)) return fields;
  return [rank, ...fields.filter((field) => field !== rank)];
}

/** The sections of a machine that has these kinds. */
export function sectionsOf(kinds: readonly FieldKind[]): readonly Section[] {
  const found = kinds.flatMap((kind): Section[] => {
    if (kind.kind === SCALAR_KIND)
      return kind.custom === 0
        ? []
        : [{ kind: SCALAR_KIND, title: OTHER_VALUES, count: kind.custom, ranks: [] }];
    const title = SECTION_WORDS[kind.kind]?.title ?? kind.kind;
    const rank = RANKS.find(([known]) => known === kind.kind)?.[1];
    return [{ kind: kind.kind, title, count: kind.instances, ranks: ranksOf(kind, rank) }];
  });
  const place = ({ kind }: Section) => {
    if (kind === SCALAR_KIND) return RANKS.length + 1;
    const at = RANKS.findIndex(([known]) => known === kind);
    return at < 0 ? RANKS.length : at;
  };
  return found.toSorted((a, b) => place(a) - place(b) || byName.compare(a.kind, b.kind));
}

/** The value of one of the instance's fields, by the last part of its name, when the instance was listed. */
export function listedValue(instance: ListedInstance, last: string): number | undefined {
  const name = instanceField(instance.kind, instance.instance, last);
  return instance.values[instance.fields.indexOf(name)] ?? undefined;
}

/** The instance that comes first in a section, in words: `fullest: /var at 92 %`; empty where there is none. */
export function firstInWords({ kind, ranks: [rank] }: Section, instance: ListedInstance | undefined): string {
  if (rank === undefined || instance === undefined) return '';
  const value = listedValue(instance, rank);
  if (value === undefined) return '';
  const field = instanceField(instance.kind, instance.instance, rank);
  const words = SECTION_WORDS[kind]?.first ?? highestWords;
  return words(instance.instance, text(figure(field, value)));
}

/** What belongs together in one chart about an instance. */
interface Together {
  /** Beside the name of the instance; empty for what its page shows first. */
  readonly about: string;
  readonly lines: readonly LineSpec[];
}

/** The charts about an instance of a known kind that hold several of its fields. */
function knownCharts(kind: string, of: (field: string) => string): readonly Together[] {
  const main = (...lines: readonly LineSpec[]): Together => ({ about: '', lines });
  switch (kind) {
    case 'core':
      return [main(line(of('cpu'), say`used`, '--chart-cpu', true))];
    case 'mount':
      return [
        main(line(of('used'), say`used`, '--chart-disk', true), {
          ...line(of('inodes'), say`inodes`, '--chart-plain'),
          seldom: true,
        }),
      ];
    case 'disk':
      return [
        main(
          line(of('read'), say`read`, '--chart-in', true),
          line(of('write'), say`write`, '--chart-out', true),
        ),
        { about: say`busy`, lines: [line(of('busy'), say`busy`, '--chart-disk', true)] },
        {
          about: say`time of a request`,
          lines: [
            line(of('read_ms'), say`read`, '--chart-in', true),
            line(of('write_ms'), say`write`, '--chart-out', true),
          ],
        },
        {
          about: say`requests`,
          lines: [
            line(of('reads'), say`reads`, '--chart-in', true),
            line(of('writes'), say`writes`, '--chart-out', true),
          ],
        },
      ];
    case 'interface':
      return [
        main(line(of('rx'), say`in`, '--chart-in', true), line(of('tx'), say`out`, '--chart-out', true)),
        {
          about: say`packets`,
          lines: [
            line(of('rx_packets'), say`in`, '--chart-in', true),
            line(of('tx_packets'), say`out`, '--chart-out', true),
          ],
        },
        {
          about: say`errors and drops`,
          lines: [
            line(of('errors'), say`errors`, '--chart-heat', true),
            line(of('drops'), say`dropped`, '--chart-third', true),
          ],
        },
      ];
    case 'quota':
      return [
        main(
          line(of('used'), say`used so far`, '--chart-out', true),
          line(of('forecast'), say`forecast`, '--chart-plain'),
        ),
        { about: say`bytes`, lines: [line(of('used_bytes'), say`used so far`, '--chart-out', true)] },
      ];
    case 'container':
      return [
        main(line(of('cpu'), say`used`, '--chart-cpu', true), {
          ...line(of('throttled'), say`held back`, '--chart-heat'),
          seldom: true,
        }),
        { about: say`memory`, lines: [line(of('mem_bytes'), say`used`, '--chart-memory', true)] },
        { about: say`memory of its limit`, lines: [line(of('ram'), say`used`, '--chart-memory', true)] },
        {
          about: say`disk traffic`,
          lines: [
            line(of('read'), say`read`, '--chart-in', true),
            line(of('write'), say`write`, '--chart-out', true),
          ],
        },
      ];
    case 'gpu':
      return [
        main(line(of('busy'), say`busy`, '--chart-cpu', true)),
        { about: say`memory`, lines: [line(of('mem'), say`used`, '--chart-memory', true)] },
      ];
    case 'unit':
      return [
        main(line(of('failed'), say`failed`, '--chart-heat', true), {
          ...line(of('restarts'), say`restarts`, '--chart-third'),
          seldom: true,
        }),
      ];
    case 'probe':
      return [
        main(line(of('up'), say`up`, '--chart-cpu', true)),
        {
          about: say`time`,
          lines: [
            line(of('ms'), say`answer`, '--chart-in', true),
            line(of('connect_ms'), say`connecting`, '--chart-third'),
            line(of('tls_ms'), say`TLS`, '--chart-plain'),
          ],
        },
        { about: say`lost packets`, lines: [line(of('loss'), say`lost`, '--chart-heat', true)] },
      ];
    case 'sensor':
      return [main(line(of('celsius'), say`now`, '--chart-heat', true))];
    default:
      return [];
  }
}

const FLOORS: Readonly<Record<string, number>> = {
  disk: DISK_FLOOR,
  interface: NETWORK_FLOOR,
  sensor: HEAT_FLOOR,
  quota: 100,
  /** A probe is up, 1, or down. */
  probe: 1,
};

/** The fields of an instance that are in words or in a list, and need no chart of their own. */
const SAID = [
  ...['mount:used_bytes', 'mount:total_bytes'],
  ...['gpu:mem_used_bytes', 'quota:level'],
  ...['probe:status', 'probe:answers', 'probe:dns_ms', 'probe:first_byte_ms', 'probe:jitter_ms'],
  ...['container:running', 'container:healthy', 'container:restarts', 'container:oom_kills'],
];

/**
 * The charts of an instance: what belongs together in one, and one for each other field.
 * @param focus the field that the page is about, which has a chart in any case
 */
export function instanceCharts(
  { kind, instance, fields, current }: ListedInstance,
  focus?: string,
): readonly ChartSpec[] {
  const gone = current ? {} : { gone: true as const };
  if (kind === SCALAR_KIND)
    return fields.map((field) => ({ ...chartOf(field, meaningOf(field).label ?? field), ...gone }));
  const known = knownCharts(kind, (field) => instanceField(kind, instance, field)).flatMap(
    ({ about, lines: all }): ChartSpec[] => {
      const lines = all.filter(({ field }) => fields.includes(field));
      const field = lines[0]?.field ?? '';
      const isMain = about === '';
      return chart({
        id: isMain ? `${kind}:${instance}` : field,
        title: isMain ? instance : `${instance}, ${about}`,
        field,
        lines,
        ...(isMain && FLOORS[kind] !== undefined ? { floor: FLOORS[kind] } : {}),
        ...(isShare(field) && { top: 100 }),
        ...gone,
      });
    },
  );
  const drawn = new Set(known.flatMap(({ lines }) => lines.map(({ field }) => field)));
  const others = fields.filter((field) => {
    const last = parseInstanceField(field)?.field ?? '';
    return !drawn.has(field) && (field === focus || !SAID.includes(`${kind}:${last}`));
  });
  return [
    ...known,
    ...others.map((field) => {
      const last = parseInstanceField(field)?.field ?? field;
      const name = meaningOf(field).label ?? last;
      return { ...chartOf(field, instance === WHOLE ? name : `${instance}, ${name}`), ...gone };
    }),
  ];
}

/** The name of a field by which instances are ranked: `Received`, or as the machine calls it. */
export function rankName(kind: string, rank: string): string {
  return meaningOf(instanceField(kind, '*', rank)).label ?? rank;
}
