/**
 * The sections of a machine's page that show its scalars in detail: what the overview has no room for. Each has the
 * charts of those fields that the machine sends.
 */
import { figure, text } from '#protocol/figure.ts';
import { say } from '../format/messages.ts';
import { chart, line, type ChartSpec, type LineSpec } from './chart-spec.ts';
import { DETAIL_WORDS } from './section-words.ts';

export interface ScalarSection {
  /** Begins with a dot, as no kind of instances does. */
  readonly kind: string;
  readonly title: string;
  readonly charts: readonly ChartSpec[];
  /** [L6] The fields that its line of words needs while it is closed. */
  readonly said: readonly string[];
  /** What matters most in it, by the newest values; empty where there is nothing to say. */
  readonly summary: (latest: Readonly<Record<string, number>>) => string;
}

/** A chart of its lines; its first line gives the axis its unit. */
type Chart = readonly [title: string, lines: readonly LineSpec[], top?: number];

const seldom = (field: string, label: string, token: string): LineSpec => ({
  ...line(field, label, token),
  seldom: true,
});

const kernel = (): readonly Chart[] => [
  [say`CPU frequency`, [line('cpu_hertz', say`mean`, '--chart-cpu', true)]],
  [
    say`Switches and interrupts`,
    [
      line('context_switches', say`switches`, '--chart-cpu', true),
      line('interrupts', say`interrupts`, '--chart-second'),
    ],
  ],
  [say`New processes`, [line('forks', say`started`, '--chart-cpu', true)]],
  [
    say`Waiting processes`,
    [
      line('processes_running', say`for CPU`, '--chart-cpu', true),
      line('processes_blocked', say`for disk`, '--chart-third'),
    ],
  ],
  [say`Open files`, [line('open_files', say`open`, '--chart-plain', true)]],
  [say`Threads`, [line('threads', say`threads`, '--chart-plain', true)]],
  [say`Open handles`, [line('open_handles', say`open`, '--chart-plain', true)]],
];

const memory = (): readonly Chart[] => [
  [
    say`Kinds of memory`,
    [
      line('mem_shared_bytes', say`shared`, '--chart-memory', true),
      line('mem_slab_bytes', say`slab`, '--chart-second'),
      line('mem_dirty_bytes', say`unwritten`, '--chart-third'),
    ],
  ],
  [
    say`Promised memory`,
    [
      line('mem_committed_bytes', say`promised`, '--chart-memory', true),
      line('mem_commit_limit_bytes', say`limit`, '--chart-plain'),
    ],
  ],
  [
    say`Promised memory, share of its limit`,
    [line('mem_committed', say`promised`, '--chart-memory', true)],
    100,
  ],
  [
    say`Huge pages`,
    [
      line('mem_huge_used_bytes', say`used`, '--chart-memory', true),
      line('mem_huge_total_bytes', say`all`, '--chart-plain'),
    ],
  ],
  [
    say`Swap traffic`,
    [line('swap_in', say`read`, '--chart-in', true), line('swap_out', say`written`, '--chart-out', true)],
  ],
  [
    say`Page faults`,
    [
      line('major_faults', say`read from disk`, '--chart-third', true),
      seldom('oom_kills', say`killed`, '--chart-heat'),
    ],
  ],
];

const pressure = (): readonly Chart[] => [
  [say`Waiting for CPU`, [line('pressure_cpu', say`some`, '--chart-cpu', true)], 100],
  [
    say`Waiting for memory`,
    [
      line('pressure_memory', say`some`, '--chart-memory', true),
      line('pressure_memory_full', say`all`, '--chart-heat'),
    ],
    100,
  ],
  [
    say`Waiting for disk`,
    [
      line('pressure_io', say`some`, '--chart-disk', true),
      line('pressure_io_full', say`all`, '--chart-heat'),
    ],
    100,
  ],
];

const connections = (): readonly Chart[] => [
  [
    say`TCP connections`,
    [
      line('tcp_established', say`open`, '--chart-cpu', true),
      line('tcp_time_wait', 'TIME_WAIT', '--chart-plain'),
    ],
  ],
  [
    say`New connections`,
    [
      line('tcp_accepted', say`accepted`, '--chart-in', true),
      line('tcp_opened', say`opened`, '--chart-out', true),
    ],
  ],
  [
    say`TCP trouble`,
    [
      line('tcp_retransmits', say`sent again`, '--chart-third', true),
      line('tcp_resets', say`resets`, '--chart-plain'),
      seldom('tcp_listen_overflows', say`queue full`, '--chart-heat'),
    ],
  ],
  [say`UDP errors`, [line('udp_errors', say`errors`, '--chart-third', true)]],
  [say`Connection tracking`, [line('conntrack', say`used`, '--chart-cpu', true)], 100],
];

const system = (): readonly Chart[] => [
  [say`Failed units or services`, [line('units_failed', say`failed`, '--chart-heat', true)]],
  [say`Reboot required`, [line('reboot_required', say`required`, '--chart-third', true)], 1],
  [
    say`Package updates`,
    [
      line('updates', say`all`, '--chart-plain', true),
      line('updates_security', say`security`, '--chart-heat'),
    ],
  ],
  [say`Clock set by a time server`, [line('clock_synchronised', say`set`, '--chart-cpu', true)], 1],
  [say`Clock off by`, [line('clock_offset_ms', say`offset`, '--chart-third', true)]],
  [say`People logged in`, [line('users', say`people`, '--chart-plain', true)]],
  [say`On battery`, [line('on_battery', say`on battery`, '--chart-third', true)], 1],
];

interface Detail {
  readonly kind: string;
  readonly charts: () => readonly Chart[];
  /** Of these fields the highest value is said. */
  readonly said: readonly string[];
  /** Or what each of them says, where it says something. */
  readonly each?: true;
}

const SYSTEM_SAID = [
  'units_failed',
  'reboot_required',
  'updates_security',
  'clock_synchronised',
  'on_battery',
];

const DETAILS: readonly Detail[] = [
  { kind: '.pressure', charts: pressure, said: ['pressure_cpu', 'pressure_memory', 'pressure_io'] },
  { kind: '.kernel', charts: kernel, said: ['context_switches'] },
  { kind: '.memory', charts: memory, said: ['mem_dirty_bytes'] },
  { kind: '.connections', charts: connections, said: ['tcp_established'] },
  { kind: '.system', charts: system, said: SYSTEM_SAID, each: true },
];

/** What its fields say: the highest value, or what each has to say. */
function inWords({ kind, said, each }: Detail, latest: Readonly<Record<string, number>>): string {
  const words = DETAIL_WORDS[kind];
  if (words === undefined) return '';
  const known = said.flatMap((field) => {
    const value = latest[field];
    return value === undefined ? [] : [{ field, value }];
  });
  const shown = each ? known : known.toSorted((a, b) => b.value - a.value).slice(0, 1);
  return shown
    .map(({ field, value }) => words.says(field, text(figure(field, value)), value))
    .filter((part) => part !== '')
    .join(', ');
}

/** The sections for the scalars that the machine sends. */
export function scalarSections(scalars: readonly string[]): readonly ScalarSection[] {
  const has = new Set(scalars);
  return DETAILS.flatMap((detail): ScalarSection[] => {
    const charts = detail.charts().flatMap(([title, lines, top]) => {
      const present = lines.filter(({ field }) => has.has(field));
      const [first] = present;
      const field = first?.field ?? '';
      return chart({
        id: field,
        title,
        field,
        lines: present,
        ...(top === undefined ? { floor: 1 } : { top }),
      });
    });
    if (charts.length === 0) return [];
    return [
      {
        kind: detail.kind,
        title: DETAIL_WORDS[detail.kind]?.title ?? detail.kind,
        charts,
        said: detail.said.filter((field) => has.has(field)),
        summary: (latest) => inWords(detail, latest),
      },
    ];
  });
}
