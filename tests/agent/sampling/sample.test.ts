import { describe, expect, it } from 'vitest';
import { fromLine, toLine } from '../../../agent/sampling/sample.ts';

const t = Date.UTC(2026, 0, 1);

describe('a sample in a file', () => {
  it('a sample is written as one line of JSON with flat metrics, and read back unchanged', () => {
    const sample = { t, fields: { cpu: 3.5, 'mount:/da"ta\n:used': 40, 'sensor:Δ:celsius': -3 } };
    const line = toLine(sample);
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toEqual({ timestamp: t, metrics: sample.fields });
    expect(fromLine(line)).toEqual(sample);
    const withClock = { ...sample, clock: { boot: 'boot-1', bootedAt: t - 5000 } };
    expect(fromLine(toLine(withClock))).toEqual(withClock);
  });

  it('[G1] a report on processes is kept with its sample, and one that is damaged costs only itself', () => {
    const processes = { period_s: 60, total: 80, rows: [{ pid: 7, name: 'node', cpu: 12, cpu_peak: 50 }] };
    const line = toLine({ t, fields: { cpu: 1 }, processes });
    expect(fromLine(line)).toMatchObject({ t, fields: { cpu: 1 }, processes });
    const damaged = line.replace('"period_s":60', '"period_s":"long"');
    expect(fromLine(damaged)).toEqual({ t, fields: { cpu: 1 } });
  });

  it('a line with nested instances, which an earlier version wrote, is read as flat fields', () => {
    const metrics = {
      cpu: 3,
      core: { '0': { cpu: 1 }, '1': { cpu: 5 } },
      mount: { '/a:b': { used: 40, used_bytes: 1024 } },
      disk: 40,
      'disk:sda:read': 512,
      interface: {},
    };
    expect(fromLine(JSON.stringify({ timestamp: t, metrics }))?.fields).toEqual({
      cpu: 3,
      'core:0:cpu': 1,
      'core:1:cpu': 5,
      'mount:/a:b:used': 40,
      'mount:/a:b:used_bytes': 1024,
      disk: 40,
      'disk:sda:read': 512,
    });
  });

  it('values of a line that are not finite numbers are left out', () => {
    const line = `{"timestamp":${t},"metrics":{"cpu":null,"ram":"full","disk":1e999,"core":{"0":null,"1":{"cpu":"x"}},"swap":1}}`;
    expect(fromLine(line)).toEqual({ t, fields: { swap: 1 } });
  });

  it.each([
    '',
    '{"timestamp":176722',
    '[]',
    'null',
    '7',
    '{}',
    '{"timestamp":"x","metrics":{}}',
    '{"timestamp":1}',
  ])('a torn or foreign line (%j) is not a sample', (line) => expect(fromLine(line)).toBeUndefined());
});
