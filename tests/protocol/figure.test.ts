import { describe, expect, it } from 'vitest';
import { bitRate, byteRate, bytes, count, figure, percent, seconds, text } from '#protocol/figure.ts';

const said = (figure: { value: string; unit: string }) => `${figure.value}|${figure.unit}`;

describe('numbers', () => {
  it('percentages have one digit after the point below ten', () => {
    expect([0, 0.04, 7.26, 9.94, 9.96, 42.4, 100].map((value) => percent(value).value)).toEqual([
      '0.0',
      '0.0',
      '7.3',
      '9.9',
      '10',
      '42',
      '100',
    ]);
  });

  it('bytes are written in powers of 1024 with three digits', () => {
    expect(
      [0, 512, 1024, 1536, 13.7 * 2 ** 30, 999 * 2 ** 20, 1010 * 2 ** 20].map((n) => said(bytes(n))),
    ).toEqual(['0|B', '512|B', '1.00|KiB', '1.50|KiB', '13.7|GiB', '999|MiB', '0.99|GiB']);
  });

  it('network rates are written in bits, disk rates in bytes', () => {
    expect(said(bitRate(1_550_000))).toBe('12.4|Mbit/s');
    expect(said(byteRate(12_400_000))).toBe('12.4|MB/s');
    expect(text(figure('net_rx', 125))).toBe('1.00 kbit/s');
    expect(text(figure('interface:eth0:tx', 125_000_000))).toBe('1.00 Gbit/s');
    expect(text(figure('disk_read', 1000))).toBe('1.00 kB/s');
    expect(text(figure('disk:sda:write', 1_500_000))).toBe('1.50 MB/s');
  });

  it('a value that would round to 1000 is written in the next unit', () => {
    expect(said(byteRate(999_700))).toBe('1.00|MB/s');
    expect(said(byteRate(999))).toBe('999|B/s');
  });

  it('numbers without a unit are written as they are, with k from 10,000', () => {
    expect([3, 9999, 0.423, 12.34, 123.4, 12_340, -5.5].map((value) => text(count(value)))).toEqual([
      '3',
      '9999',
      '0.42',
      '12.3',
      '123',
      '12.3 k',
      '-5.50',
    ]);
    expect(text(figure('orders', 312))).toBe('312');
  });

  it('durations are written in one unit', () => {
    expect([45, 120, 7200, 200_000].map((value) => said(seconds(value)))).toEqual([
      '45.0|s',
      '2.00|min',
      '2.00|h',
      '2.31|d',
    ]);
  });

  it('a missing value is written as a dash', () => {
    for (const none of [null, undefined, NaN, Infinity])
      expect(figure('cpu', none)).toEqual({ value: '–', unit: '' });
  });
});
