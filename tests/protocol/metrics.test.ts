import { describe, expect, it } from 'vitest';
import { createMetricsParser } from '../../server/protocol/metrics.ts';

const errorFrom = (metrics: unknown, parse = createMetricsParser()): unknown => {
  try {
    return parse(metrics);
  } catch (error) {
    return error;
  }
};

describe('the metrics of a sample', () => {
  // The parser checks a field name in the first sample that has it and remembers the result for later
  // samples.
  it.each([
    ['a percentage over 100 becomes 100', { cpu: 104 }, { cpu: 100 }],
    ['a null is left out', { cpu: 1, ram: null }, { cpu: 1 }],
    ['nested instances become flat names', { core: { 0: { cpu: 130 } } }, { 'core:0:cpu': 100 }],
    ['an empty object gives no values', {}, {}],
  ])('[I5] %s, in the first sample of a push and in later ones', (_, input, expected) => {
    const before = structuredClone(input);
    const parse = createMetricsParser();
    for (let time = 0; time < 3; time++) expect(parse(input)).toEqual(expected);
    expect(input).toEqual(before);
  });

  it.each([
    ['a negative percentage', { cpu: -1 }, ['cpu'], 'must not be negative'],
    ['1e308', { load1: 1e308 }, ['load1'], 'is out of range'],
    ['NaN', { load1: Number.NaN }, ['load1'], 'must be a finite number'],
    ['a text', { load1: '3' }, ['load1'], 'must be a finite number'],
    ['__proto__ as a name', JSON.parse('{"__proto__": 1}'), ['__proto__'], 'a field name is'],
    ['a list instead of an object', [1], [], 'must be an object of numbers'],
    ['nothing at all', undefined, [], 'must be an object of numbers'],
  ])('[I5] %s is refused, in the first sample of a push and in later ones', (_, input, path, message) => {
    const parse = createMetricsParser();
    for (let time = 0; time < 3; time++)
      expect(errorFrom(input, parse)).toEqual(
        expect.objectContaining({ path, message: expect.stringContaining(message) }),
      );
  });

  it('[I4] a sample of 4,000 fields is accepted, one of 4,001 is refused', () => {
    const names = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${i}`, i]));
    expect(createMetricsParser()(names(4000))).toEqual(names(4000));
    expect(String(errorFrom(names(4001)))).toContain('at most 4000');
  });
});
