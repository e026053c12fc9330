import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { INSTANCES, SCALARS } from '#protocol/fields.ts';
import { exposition } from '../../server/routes/prometheus.ts';

const HOSTILE = [
  '"quoted"',
  'back\\slash',
  'two\nlines',
  'car\rriage',
  '\ud800',
  '\u202eleft',
  '{}',
  '# x',
  'ü 服',
];

function row(values: Record<string, number>, changes: { readonly id?: string; readonly name?: string } = {}) {
  const { id = 'd', name = 'n' } = changes;
  return {
    values,
    device: {
      device_id: id,
      name,
      hostname: '',
      ip: '',
      os: '',
      tags: [],
      status: 'online' as const,
      last_seen: 1,
      sampled_at: 1,
      interval_s: 5,
      clock_skew_ms: null,
      token_revoked_at: null,
      maintenance: null,
      metrics: {},
    },
  };
}

/** Every field that the agent sends, and custom ones with names that break the rules of Prometheus. */
function everything(): Record<string, number> {
  const instances = Object.entries(INSTANCES).flatMap(([kind, fields]) =>
    Object.keys(fields).flatMap((field) => HOSTILE.map((name) => `${kind}:${name}:${field}`)),
  );
  const custom = [
    'latency_ms',
    'jobs_total',
    'a_sum',
    'requestCount',
    'gauge',
    'le',
    'a.b',
    'a-b',
    'temp_kilobytes',
    '__x',
  ];
  const customInstances = HOSTILE.flatMap((name) => [
    `queue:${name}:length`,
    `device:${name}:cpu`,
    `instance:${name}:job`,
  ]);
  const names = [...Object.keys(SCALARS), ...instances, ...custom, ...customInstances];
  return Object.fromEntries(names.map((name, i) => [name, i / 3]));
}

const fleet = () => HOSTILE.map((name, i) => row(everything(), { id: `d${i}`, name }));
const lines = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
const seriesOf = (text: string) => lines(text).map((line) => line.slice(0, line.lastIndexOf(' ')));

/** Why the text is not what Prometheus wants, in promtool's words; undefined where promtool is not installed. */
function promtool(text: string): string | undefined {
  const { error, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  return error ? undefined : stdout + stderr;
}

describe('Prometheus text', () => {
  it.skipIf(promtool('') === undefined)(
    '[S6] promtool finds nothing to say about any field, custom or hostile name',
    () => {
      expect(promtool('watchfloor_device_uptime_s 1\n')).toContain('no help text');
      expect(promtool(exposition(fleet()))).toBe('');
    },
  );

  it('[S6] every line of the text is a comment or a sample, and is valid UTF-8', () => {
    const text = exposition(fleet());
    expect(Buffer.from(text).toString()).toBe(text);
    for (const line of lines(text))
      expect(line).toMatch(/^watchfloor_\w+\{(\w+="(\\[\\n"]|[^\\"])*",?)+\} [\d.e+-]+$/);
  });

  it('[S6] the text has each series once, and HELP and TYPE once for each family', () => {
    const text = exposition(fleet());
    expect(new Set(seriesOf(text)).size).toBe(seriesOf(text).length);
    const heads = text.split('\n').filter((line) => line.startsWith('# TYPE'));
    expect(new Set(heads).size).toBe(heads.length);
    for (const series of seriesOf(text)) {
      const labels = [...series.replaceAll(/\\./g, '').matchAll(/[{,](\w+)="/g)].map(([, label]) => label);
      expect(new Set(labels).size).toBe(labels.length);
    }
  });

  it('[S6] two names that differ only in half a character are one series', () => {
    const text = exposition([row({ 'queue:\ud800:length': 1, 'queue:\ud801:length': 2 })]);
    expect(seriesOf(text).filter((series) => series.startsWith('watchfloor_custom'))).toHaveLength(1);
  });

  it.each([
    ['cpu', 50, 'watchfloor_device_cpu_ratio{device_id="d",device="n"} 0.5'],
    ['uptime_s', 7, 'watchfloor_device_uptime_seconds{device_id="d",device="n"} 7'],
    ['mem_used_bytes', 7, 'watchfloor_device_mem_used_bytes{device_id="d",device="n"} 7'],
    ['net_rx', 7, 'watchfloor_device_net_rx_bytes_per_second{device_id="d",device="n"} 7'],
    ['load1', 7, 'watchfloor_device_load1{device_id="d",device="n"} 7'],
    ['mount:/var:used', 60, 'watchfloor_mount_used_ratio{device_id="d",device="n",mount="/var"} 0.6'],
    ['mount:/var:used_bytes', 6, 'watchfloor_mount_used_bytes{device_id="d",device="n",mount="/var"} 6'],
    ['sensor:CPU:celsius', 66, 'watchfloor_sensor_celsius{device_id="d",device="n",sensor="CPU"} 66'],
    ['latency_ms', 7, 'watchfloor_custom{device_id="d",device="n",field="latency_ms"} 7'],
    [
      'queue:mail:length',
      7,
      'watchfloor_custom{device_id="d",device="n",kind="queue",name="mail",field="length"} 7',
    ],
  ])('the field %s has a name and a base unit as Prometheus wants them', (field, value, line) => {
    expect(lines(exposition([row({ [field]: value })]))).toContain(line);
  });

  it('of an offline device only its status is in the text', () => {
    const online = row({ cpu: 1 });
    const text = exposition([{ ...online, device: { ...online.device, status: 'offline' } }]);
    expect(lines(text)).toEqual(['watchfloor_up{device_id="d",device="n"} 0']);
  });
});
