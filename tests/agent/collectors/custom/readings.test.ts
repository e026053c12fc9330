import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDeclarations } from '#protocol/declarations.ts';
import { declarationKey } from '#protocol/meaning.ts';
import { LeftOut } from '#protocol/ignored.ts';
import { parsePush } from '#protocol/sample.ts';
import { parseExposition } from '../../../../agent/collectors/custom/exposition.ts';
import { fieldOf, instanceOf, kindOf } from '../../../../agent/collectors/custom/field-names.ts';
import { quantile } from '../../../../agent/collectors/custom/quantiles.ts';
import { createReadings, MOST_FIELDS, wordsOf } from '../../../../agent/collectors/custom/readings.ts';

const fixture = (name: string) => readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8');
const NOW = 1_795_732_740_000;

/** The fields of texts that are read one after another, ten seconds apart, as a source called `src`. */
function readAll(...texts: string[]) {
  const readings = createReadings('src');
  const rounds = texts.map((text, round) =>
    readings.take(parseExposition(text), 10_000 * (round + 1), NOW + 10_000 * round),
  );
  return { readings, rounds, last: rounds.at(-1) ?? {}, declared: readings.declared() };
}

describe('names', () => {
  it('a metric without labels, with one and with several has an instance that reads well', () => {
    expect(instanceOf([])).toBe('-');
    expect(instanceOf([['target', 'nas']])).toBe('nas');
    expect(instanceOf([['target', '-']])).toBe('target=-');
    expect(
      instanceOf([
        ['device', '/dev/sda'],
        ['mount', '/'],
      ]),
    ).toBe('device=/dev/sda, mount=/');
    expect(instanceOf([['prod', '']])).toBe('prod=');
  });

  it('a source with the name of one of Watchfloor’s own kinds changes nothing of those', () => {
    expect(kindOf('disk')).toBe('disk_custom');
    expect(kindOf('core')).toBe('core_custom');
    expect(kindOf('9 lives/€')).toBe('x9_lives__');
    expect(kindOf('backup')).toBe('backup');
  });

  it('any name of a metric becomes one that the server takes, and two that differ stay different', () => {
    const long = `a${'x'.repeat(200)}`;
    expect(fieldOf('job:rate:5m')).toBe('job.rate.5m');
    expect(fieldOf(long)).toHaveLength(64);
    expect(fieldOf(`${long}1`, '_p95')).toHaveLength(64);
    expect(fieldOf(`${long}1`)).not.toBe(fieldOf(`${long}2`));
  });
});

describe('what is made of an exporter’s metrics', () => {
  it('a counter becomes its growth per second, with a unit for that, and a gauge stays as it is', () => {
    const { rounds, last, declared } = readAll(
      '# TYPE sent_bytes_total counter\nsent_bytes_total 1000\n# TYPE cache_bytes gauge\ncache_bytes 7\nx_total 1\n',
      '# TYPE sent_bytes_total counter\nsent_bytes_total 6000\n# TYPE cache_bytes gauge\ncache_bytes 9\nx_total 2\n',
    );
    expect(rounds[0]).toEqual({ 'src:-:cache_bytes': 7 });
    expect(last).toEqual({ 'src:-:sent_bytes_total': 500, 'src:-:cache_bytes': 9, 'src:-:x_total': 0.1 });
    expect(declared).toMatchObject({
      'src:*:sent_bytes_total': { unit: 'bytes_per_second' },
      'src:*:cache_bytes': { unit: 'bytes' },
      'src:*:x_total': { unit: 'per_second' },
    });
  });

  it('[G8] a counter that was reset has no rate until it goes on, and is never drawn as a spike', () => {
    const text = (value: number) => `x_total ${value}\n`;
    const { rounds } = readAll(text(1000), text(1100), text(5), text(25));
    expect(rounds.map((fields) => fields['src:-:x_total'])).toEqual([undefined, 10, undefined, 2]);
  });

  it('a histogram of a real exporter becomes its rate, mean and quantiles, and none of its buckets is a field', () => {
    const { last, declared } = readAll(
      fixture('python-openmetrics-1.txt'),
      fixture('python-openmetrics-2.txt'),
    );
    const route = '/a "quoted" \\ path';
    const of = (end: string) => last[`src:${route}:request_seconds${end}`];
    expect(of('_count')).toBe(2);
    expect(of('_mean')).toBeCloseTo(0.19, 5);
    expect(of('_p50')).toBeGreaterThan(0.1);
    expect(of('_p50')).toBeLessThan(0.25);
    expect(of('_p95')).toBeGreaterThan(0.25);
    expect(of('_p99')).toBeLessThanOrEqual(0.5);
    expect(Object.keys(last).filter((name) => /bucket|le=|created|app_info/.test(name))).toEqual([]);
    expect(declared['src:*:request_seconds_p95']).toEqual({
      unit: 'seconds',
      label: 'Time of a request, p95',
    });
    expect(last['src:-:parse_seconds_mean']).toBeCloseTo(0.1, 5);
    expect(last['src:mail:jobs_done_total']).toBe(2);
  });

  it('Prometheus’ own histograms and summaries become a few fields for each of their instances', () => {
    const { last } = readAll(fixture('prometheus-a.txt'), fixture('prometheus-b.txt'));
    expect(last['src:/api/v1/query:prometheus_http_request_duration_seconds_p50']).toBeUndefined();
    expect(last['src:inner_eval:prometheus_engine_query_duration_seconds_p90']).toBeCloseTo(6.0384e-5, 10);
    expect(last['src:/metrics:prometheus_http_request_duration_seconds_count']).toBeGreaterThan(0);
    expect(Object.keys(last).length).toBeLessThan(40);
  });

  it('the moment of the last success is told as its age, which goes on without another reading', () => {
    const text = `backup_last_success_timestamp_seconds ${NOW / 1000 - 60}\nnever_timestamp_seconds 0\ntook_time_seconds 12\n`;
    const { last, readings, declared } = readAll(text);
    expect(last).toEqual({ 'src:-:backup_last_success_age_seconds': 60, 'src:-:took_time_seconds': 12 });
    expect(readings.ages(NOW + 3_600_000)).toEqual({ 'src:-:backup_last_success_age_seconds': 3660 });
    expect(declared['src:*:backup_last_success_age_seconds']?.unit).toBe('seconds');
  });

  it('a line with a time of long ago is no current value, and NaN and 2^64 are none at all', () => {
    const { last } = readAll(
      `old 1 ${NOW - 600_000}\nnew 2 ${NOW - 1000}\nnone NaN\nno_limit 1.8446744073709552e+19\n`,
    );
    expect(last).toEqual({ 'src:-:new': 2 });
  });

  it('[I8] a source with too many series gives as many fields as are taken, and says how many are left out', () => {
    const text = Array.from({ length: MOST_FIELDS + 7 }, (_, i) => `a{i="${i}"} 1`).join('\n');
    const { last, readings } = readAll(`${text}\n`);
    expect(Object.keys(last)).toHaveLength(MOST_FIELDS);
    expect(readings.problems()).toEqual([`7 fields are past the ${MOST_FIELDS} that are taken`]);
  });

  it('what every recorded exporter gives is taken by the server, values and declarations alike', () => {
    for (const name of [
      'node-exporter.txt',
      'prometheus-b.txt',
      'python-textfile.prom',
      'directory-size.prom',
    ]) {
      const { last, declared } = readAll(fixture(name), fixture(name));
      const push = {
        device_id: 'd',
        hostname: 'h',
        ip: '::1',
        timestamp: NOW,
        metrics: last,
        declarations: declared,
      };
      const parsed = parsePush(push);
      expect(parsed.data?.leftOut.summary()).toBeUndefined();
      expect(Object.keys(parsed.data?.declarations ?? {})).toHaveLength(Object.keys(declared).length);
      expect(Object.keys(last).filter((field) => declared[declarationKey(field)] === undefined)).toEqual([]);
    }
  });

  it('what a source says of a metric later on counts from then on: its type, its unit and its words', () => {
    const said = '# TYPE sent counter\n# UNIT sent bytes\n# HELP sent What went out\n';
    const { rounds, readings, declared } = readAll('sent 100\n', `${said}sent 200\n`, `${said}sent 300\n`);
    expect(rounds).toEqual([{ 'src:-:sent': 100 }, {}, { 'src:-:sent': 10 }]);
    expect(declared).toEqual({ 'src:*:sent': { unit: 'bytes_per_second', label: 'What went out' } });
    const again = `${said.replace('What', 'All that')}sent 400\n`;
    expect(readings.take(parseExposition(again), 40_000, NOW)).toEqual({ 'src:-:sent': 10 });
    expect(readings.declared()['src:*:sent']?.label).toBe('All that went out');
    readings.take(parseExposition('sent 500\n'), 50_000, NOW);
    expect(readings.declared()).toEqual({ 'src:*:sent': {} });
  });

  it('[I8] what is declared stays the same with more histograms than there is room for', () => {
    const text = (value: number) =>
      Array.from(
        { length: 200 },
        (_, i) =>
          `# TYPE h${i} histogram\nh${i}_bucket{le="1"} ${value}\nh${i}_bucket{le="+Inf"} ${value}\nh${i}_sum ${value}\nh${i}_count ${value}\n`,
      ).join('');
    const { readings, last, declared } = readAll(text(0), text(10));
    expect(Object.keys(last)).toHaveLength(1200);
    expect(Object.keys(declared)).toHaveLength(1000);
    readings.take(parseExposition(text(20)), 30_000, NOW);
    expect(readings.declared()).toBe(declared);
  });

  it('a file that is written anew with another type is read by that', () => {
    const { rounds } = readAll('# TYPE a counter\na 10\n', '# TYPE a gauge\na 20\n');
    expect(rounds[1]).toEqual({ 'src:-:a': 20 });
  });
});

describe('quantiles', () => {
  it('the quantile lies within its bucket, and above the last bound nothing is known', () => {
    const buckets = [
      { most: 0.1, count: 50 },
      { most: 0.2, count: 90 },
      { most: Infinity, count: 100 },
    ];
    expect(quantile(0.5, buckets)).toBeCloseTo(0.1);
    expect(quantile(0.7, buckets)).toBeCloseTo(0.15);
    expect(quantile(0.99, buckets)).toBe(0.2);
    expect(quantile(0.5, [{ most: Infinity, count: 0 }])).toBeUndefined();
    expect(quantile(0.5, [])).toBeUndefined();
  });
});

describe('labels from HELP', () => {
  it('the first sentence is the label, and the whole is kept where it says more', () => {
    expect(wordsOf('Size of the last backup.')).toEqual({ label: 'Size of the last backup' });
    expect(wordsOf('Size. With all that\nis in it.')).toEqual({
      label: 'Size',
      help: 'Size. With all that is in it.',
    });
    expect(wordsOf('x'.repeat(500)).label).toHaveLength(80);
    expect(wordsOf('x'.repeat(500)).help).toHaveLength(300);
    expect(wordsOf('')).toEqual({});
  });

  it('[I7] a wrong declaration costs only itself, and none changes a field of Watchfloor’s own', () => {
    const leftOut = new LeftOut();
    const declared = readDeclarations(
      {
        'a:*:b': { unit: 'bytes', label: 'A' },
        cpu: { unit: 'celsius' },
        'disk:*:read': { unit: 'celsius' },
        'a:x:b': { unit: 'bytes' },
        'a:*:c': { unit: 'x'.repeat(17) },
        'a:*:d': { unit: 'bytes', other: 1 },
        depth: { label: 'De\u0000pth' },
      },
      leftOut,
    );
    expect(declared).toEqual({ 'a:*:b': { unit: 'bytes', label: 'A' }, depth: { label: 'De pth' } });
    expect(leftOut.summary()?.count).toBe(5);
  });
});
