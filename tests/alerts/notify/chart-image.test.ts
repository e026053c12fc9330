import { describe, expect, it } from 'vitest';
import { chartPng, chartSvg } from '../../../server/alerts/notify/chart-image.ts';
import type { MessageChart } from '../../../server/alerts/notify/message.ts';
import { AT } from './channel-stage.ts';

const MINUTE = 60_000;

/** Half an hour before and after the alert, a point each minute, with a gap of five minutes. */
function chart(facts: Partial<MessageChart> = {}): MessageChart {
  const points = Array.from({ length: 61 }, (_, index): MessageChart['points'][number] => {
    const t = AT + (index - 40) * MINUTE;
    const mean = index < 38 ? 30 + 8 * Math.sin(index / 3) : 95 - Math.abs(index - 42) / 4;
    return index >= 10 && index < 15 ? [t, null, null, null] : [t, mean - 4, mean, Math.min(100, mean + 5)];
  });
  const range = { from: AT - 40 * MINUTE, to: AT + 20 * MINUTE, at: AT, timeZone: 'UTC' };
  return { field: 'cpu', points, threshold: 90, ...range, ...facts };
}

const texts = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, words]) => words);

describe('the chart of an e-mail', () => {
  it('the chart of a mail has the values with their units, times of day and the threshold', () => {
    const svg = chartSvg(chart());
    expect(texts(svg)).toEqual([
      '0',
      '50 %',
      '100 %',
      '13:30',
      '13:40',
      '13:50',
      '14:00',
      '14:10',
      '14:20',
      '90 %',
    ]);
    expect(svg).toContain('stroke-dasharray');
  });

  it('the chart of a mail draws a gap as a gap', () => {
    const line = /<path d="([^"]+)" fill="none" stroke="#206dc1"/.exec(chartSvg(chart()))?.[1] ?? '';
    expect(line.match(/M/g)).toHaveLength(2);
    expect(line).not.toMatch(/NaN|undefined/);
  });

  it.each([
    ['mount:/var:used', [0, 12, 99], 90, '100 %'],
    ['net_rx', [0, 12e6, 30e6], null, '240 Mbit/s'],
    ['my_count', [5, 5, 5], 20_000, '20.0 k'],
    ['temp:core', [-12, 3, 8], -5, '-5'],
  ] as const)(
    'the chart of a mail fits the values of %s and its threshold',
    (field, [min, mean, max], threshold, words) => {
      const svg = chartSvg(chart({ field, threshold, points: [[AT, min, mean, max]] }));
      expect(texts(svg).join(' ')).toContain(words);
      expect(svg).not.toMatch(/NaN|Infinity/);
    },
  );

  it('the chart of a mail is drawn without any value too', () => {
    for (const points of [[], [[AT, null, null, null]] as const, [[AT, 0, 0, 0]] as const])
      expect(chartSvg(chart({ field: 'x', points, threshold: null }))).not.toMatch(/NaN|Infinity/);
  });

  it('[S6] the chart of a mail shows no markup of a field', () => {
    expect(chartSvg(chart({ field: '</svg><script>' }))).not.toContain('<script>');
  });

  it('the chart of a mail becomes a PNG that is twice as large', async () => {
    const png = await chartPng(chart());
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([1104, 336]);
  });
});
