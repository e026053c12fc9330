import { describe, expect, it } from 'vitest';
import { INSTANCES, SCALARS } from '#protocol/fields.ts';
import { overviewCharts } from '../../../web/src/device/overview-charts.ts';
import { scalarSections } from '../../../web/src/device/scalar-sections.ts';
import { DETAIL_WORDS } from '../../../web/src/device/section-words.ts';

const drawn = (charts: readonly { readonly lines: readonly { readonly field: string }[] }[]) =>
  charts.flatMap(({ lines }) => lines.map(({ field }) => field));

describe('the sections of a machine’s scalars', () => {
  it('a machine has the sections and charts of the fields that it sends, and no others', () => {
    expect(scalarSections(['cpu', 'ram'])).toEqual([]);
    const [pressure, connections, ...others] = scalarSections([
      'pressure_io',
      'pressure_io_full',
      'tcp_established',
    ]);
    expect(others).toEqual([]);
    expect(pressure?.charts.map(({ title, lines, top }) => [title, lines.length, top])).toEqual([
      ['Waiting for disk', 2, 100],
    ]);
    expect(connections?.charts.map(({ title }) => title)).toEqual(['TCP connections']);
  });

  it('a closed section says in one line what matters most in it', () => {
    const [pressure] = scalarSections(['pressure_cpu', 'pressure_io']);
    expect(pressure?.said).toEqual(['pressure_cpu', 'pressure_io']);
    expect(pressure?.summary({ pressure_cpu: 3, pressure_io: 12 })).toBe('most for disk: 12 % of the time');
    expect(pressure?.summary({})).toBe('');
  });

  it('every scalar of the agent is drawn somewhere on its page, shown as a number, or in words', () => {
    const all = Object.keys(SCALARS);
    const shown = new Set([
      ...drawn(overviewCharts({ scalars: all, sensors: [] })),
      ...drawn(scalarSections(all).flatMap(({ charts }) => charts)),
      ...['uptime_s', 'ram', 'swap', 'disk', 'mem_total_bytes', 'mem_available_bytes', 'swap_total_bytes'],
      'conntrack_entries',
    ]);
    expect(all.filter((field) => !shown.has(field))).toEqual([]);
    expect(Object.keys(INSTANCES).filter((kind) => kind in DETAIL_WORDS)).toEqual([]);
  });
});
