import { describe, expect, it } from 'vitest';
import { SCALAR_KIND, type FieldKind, type ListedInstance } from '#protocol/device-fields.ts';
import { instanceNote, notesOf } from '../../../web/src/device/instance-notes.ts';
import { firstInWords, instanceCharts, sectionsOf } from '../../../web/src/device/section-kinds.ts';

const kind = (name: string, fields: readonly string[], more: Partial<FieldKind> = {}): FieldKind => ({
  kind: name,
  instances: 2,
  fields: [...fields],
  more: 0,
  custom: 0,
  ...more,
});
const listed = (
  of: string,
  instance: string,
  values: Readonly<Record<string, number | null>>,
  current = true,
): ListedInstance => ({
  kind: of,
  instance,
  fields: Object.keys(values).map((field) => (of === SCALAR_KIND ? field : `${of}:${instance}:${field}`)),
  more: 0,
  values: Object.values(values),
  current,
});

describe('the sections of a machine', () => {
  it('known kinds come first in the order of the page, then others by name, then its own values', () => {
    const kinds = [
      kind(SCALAR_KIND, [], { custom: 3 }),
      ...['queue', 'sensor', 'core', 'app', 'mount'].map((name) => kind(name, ['x'])),
    ];
    expect(sectionsOf(kinds).map(({ title }) => title)).toEqual([
      ...['Cores', 'Filesystems', 'Sensors', 'app', 'queue', 'Other values'],
    ]);
  });

  it('a machine with scalars of the agent alone has no sections', () => {
    expect(sectionsOf([kind(SCALAR_KIND, [])])).toEqual([]);
  });

  it('a closed section says in one line which instance matters most', () => {
    const [section] = sectionsOf([kind('mount', ['inodes', 'total_bytes', 'used'])]);
    const fullest = listed('mount', '/var', { inodes: 3, used: 92 });
    expect(section && firstInWords(section, fullest)).toBe('fullest: /var at 92 %');
    expect(section && firstInWords(section, undefined)).toBe('');
    expect(section && firstInWords(section, listed('mount', '/old', { used: null }))).toBe('');
  });
});

describe('the notes of an instance', () => {
  it('a container is described by its image, its health and its restarts, a filesystem by its size', () => {
    const images = notesOf({ containers: [{ name: 'web', image: 'nginx:1' }] });
    const web = (values: Readonly<Record<string, number>>) => listed('container', 'web', values);
    expect(instanceNote(web({ running: 1, healthy: 1, restarts: 0 }), images)).toBe('nginx:1 · healthy');
    expect(instanceNote(web({ running: 0, restarts: 2 }), new Map())).toBe(
      'stopped · 2 restarts in the last hour',
    );
    expect(instanceNote(listed('mount', '/', { used_bytes: 1024, total_bytes: 4096 }), images)).toBe(
      '1.00 KiB of 4.00 KiB',
    );
  });

  it('what is said beside a chart has one of its own when the page is about it', () => {
    const web = listed('container', 'web', { cpu: 3, healthy: 0 });
    expect(instanceCharts(web)).toHaveLength(1);
    expect(instanceCharts(web, 'container:web:healthy').map(({ field }) => field)).toEqual([
      'container:web:cpu',
      'container:web:healthy',
    ]);
  });
});

describe('the charts of an instance', () => {
  const charts = (instance: ListedInstance) =>
    instanceCharts(instance).map(({ title, lines }) => [title, lines.map(({ label }) => label)]);

  it('what belongs together is in one chart, and every other field has one of its own', () => {
    expect(charts(listed('interface', 'eth0', { rx: 1, tx: 2, errors: 0, drops: 1 }))).toEqual([
      ['eth0', ['in', 'out']],
      ['eth0, errors and drops', ['errors', 'dropped']],
    ]);
    expect(charts(listed('queue', 'mail', { length: 1, age: 2 }))).toEqual([
      ['mail, length', ['value']],
      ['mail, age', ['value']],
    ]);
    expect(charts(listed(SCALAR_KIND, 'orders', { orders: 4 }))).toEqual([['orders', ['value']]]);
  });

  it('what the machine no longer sends is marked as such', () => {
    const [gone] = instanceCharts(listed('interface', 'veth1', { rx: null }, false));
    expect(gone?.gone).toBe(true);
  });

  it('every field of an instance is in a chart, save those that are said in words', () => {
    const fields = { used: 1, used_bytes: 2, total_bytes: 3, inodes: 4, quota: 5 };
    const drawn = instanceCharts(listed('mount', '/', fields)).flatMap(({ lines }) => lines);
    expect(drawn.map(({ field }) => field).sort()).toEqual([
      ...['mount:/:inodes', 'mount:/:quota', 'mount:/:used'],
    ]);
  });
});
