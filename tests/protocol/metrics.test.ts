import { describe, expect, it } from 'vitest';
import { parseMetrics } from '../../server/protocol/metrics.ts';

const thrown = (metrics: unknown): unknown => {
  try {
    return parseMetrics(metrics);
  } catch (error) {
    return error;
  }
};

describe('metrics', () => {
  it('flat numbers seen before are taken as they are, without a copy', () => {
    const sample = () => ({ cpu: 4, 'core:0:cpu': 7, fan_speed: -3 });
    parseMetrics(sample());
    const again = sample();
    expect(parseMetrics(again)).toBe(again);
    expect(again).toEqual(sample());
  });

  // The first time a name is seen takes another way than every time after it.
  it.each([
    ['a percentage over 100 is 100', { cpu: 104 }, { cpu: 100 }],
    ['null is left out', { cpu: 1, ram: null }, { cpu: 1 }],
    ['instances become flat', { cpu: 1, core: { 0: { cpu: 130 } } }, { cpu: 1, 'core:0:cpu': 100 }],
    ['nothing stays nothing', {}, {}],
  ])('[I5] %s, the first time and later', (_, given, expected) => {
    const before = structuredClone(given);
    for (let time = 0; time < 3; time++) expect(parseMetrics(given)).toEqual(expected);
    expect(given).toEqual(before);
  });

  it.each([
    ['a negative percentage', { cpu: -1 }, ['cpu'], 'must not be negative'],
    ['a number past all reason', { load1: 1e308 }, ['load1'], 'is out of range'],
    ['NaN', { load1: Number.NaN }, ['load1'], 'must be a finite number'],
    ['text', { load1: '3' }, ['load1'], 'must be a finite number'],
    ['a name that is none', JSON.parse('{"__proto__": 1, "load1": 1}'), ['__proto__'], 'a field name is'],
    ['a list', [1], [], 'must be an object of numbers'],
    ['nothing at all', undefined, [], 'must be an object of numbers'],
  ])('[I5] %s is refused, the first time and later', (_, given, path, message) => {
    for (let time = 0; time < 3; time++)
      expect(thrown(given)).toEqual(
        expect.objectContaining({ path, message: expect.stringContaining(message) }),
      );
  });

  it('[I4] too many fields are refused, known or not', () => {
    const names = (most: number) => Object.fromEntries(Array.from({ length: most }, (_, i) => [`n${i}`, i]));
    expect(parseMetrics(names(4000))).toEqual(names(4000));
    for (let time = 0; time < 2; time++) expect(String(thrown(names(4001)))).toContain('at most 4000');
  });
});
