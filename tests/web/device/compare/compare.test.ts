import { describe, expect, it } from 'vitest';
import type { ManySeriesReply } from '#protocol/series.ts';
import { compareCharts } from '../../../../web/src/device/compare/compare-charts.ts';
import { readCompareQuery, withCompareQuery } from '../../../../web/src/device/compare/compare-query.ts';
import { compareCsv } from '../../../../web/src/device/compare/csv.ts';
import { comparePicture } from '../../../../web/src/device/compare/picture.ts';
import { createZone } from '../../../../web/src/format/zone.ts';

const reply: ManySeriesReply = {
  from: 0,
  to: 120_000,
  step_ms: 60_000,
  lines: 3,
  series: [
    {
      device_id: 'a',
      field: 'cpu',
      mean: 20,
      points: [
        [0, 10, 20, 30],
        [60_000, 10, 20, 30],
      ],
    },
    { device_id: 'b', field: 'cpu', mean: 5, points: [[60_000, 1, 5, 9]] },
    { device_id: 'a', field: 'net_rx', mean: 100, points: [[0, 100, 100, 100]] },
  ],
  band: [[0, 5, 10, 20]],
};
const nameOf = (id: string) => ({ a: 'Alpha', b: '=cmd|<b>' })[id] ?? id;
const fields = ['cpu', 'net_rx'];

describe('the address of a comparison', () => {
  it('what is compared is read as it was written, and the time stays', () => {
    const query = readCompareQuery(
      new URLSearchParams('device=a&device=b&tag=web&name=x*&field=cpu&field=cpu&view=band&top=3'),
    );
    expect(query).toEqual({
      scope: { devices: ['a', 'b'], tags: ['web'], name: 'x*' },
      fields: ['cpu'],
      view: 'band',
      top: 3,
    });
    const written = withCompareQuery(new URLSearchParams('range=1h&field=old'), query);
    expect(readCompareQuery(written)).toEqual(query);
    expect(written.get('range')).toBe('1h');
  });

  it('an address with something wrong in it shows what it can', () => {
    const query = readCompareQuery(new URLSearchParams(`tag=${'x'.repeat(99)}&view=cube&top=-1&field=cpu`));
    expect(query).toMatchObject({ scope: { tags: [] }, view: 'overlay', top: 10, fields: ['cpu'] });
  });
});

describe('the charts of a comparison', () => {
  it('lines of one unit are in one chart, each named by what tells it from the others', () => {
    const charts = compareCharts(reply, 'overlay', fields, nameOf);
    expect(charts.map(({ title, lines }) => [title, lines.length])).toEqual([
      ['CPU', 2],
      ['Received', 1],
    ]);
  });

  it('small multiples have one line each and, by unit, the same axis', () => {
    const charts = compareCharts(reply, 'multiples', fields, nameOf);
    expect(charts.map(({ lines, floor }) => [lines.length, floor])).toEqual([
      [1, 30],
      [1, 30],
      [1, 100],
    ]);
  });

  it('a band has the median with what lies around it', () => {
    const [band] = compareCharts(reply, 'band', fields, nameOf);
    expect(band?.lines[0]?.trace).toMatchObject({ value: [10], low: [5], high: [20] });
  });
});

describe('what is taken out of a comparison', () => {
  it('the table has a row for each time and a column for each line, empty where it has no value', () => {
    expect(compareCsv(reply, nameOf).split('\r\n')).toEqual([
      "time,Alpha cpu,'=cmd|<b> cpu,Alpha net_rx",
      '1970-01-01T00:00:00.000Z,20,,100',
      '1970-01-01T00:01:00.000Z,20,5,',
      '',
    ]);
  });

  it('[S6] the picture has the title, the time and the names of all lines, whatever is in them', () => {
    const { svg, height } = comparePicture({
      title: 'CPU & more',
      time: '1 Jan, UTC',
      charts: compareCharts(reply, 'overlay', fields, nameOf),
      ...{ from: 0, to: 120_000, zone: createZone('UTC') },
      colour: (token) => `c${token}`,
    });
    expect(height).toBeGreaterThan(600);
    for (const text of ['CPU &amp; more', '1 Jan, UTC', '=cmd|&lt;b&gt;']) expect(svg).toContain(text);
    expect(svg).not.toContain('<b>');
    expect(svg).toContain('c--surface');
  });
});
