import { describe, expect, it } from 'vitest';
import { LeftOut } from '../../server/protocol/ignored.ts';
import { createMetricsParser, isRecord } from '../../server/protocol/metrics.ts';

/** The values of a sample's metrics, and what was left out of them as `field: reason`. */
function read(metrics: unknown, parse = createMetricsParser()) {
  const leftOut = new LeftOut();
  const values = parse(isRecord(metrics) ? metrics : {}, ['metrics'], leftOut);
  const ignored = leftOut.summary();
  return { values, ignored: ignored?.fields.map(({ field, reason }) => `${field}: ${reason}`) ?? [] };
}

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
    for (let time = 0; time < 3; time++)
      expect(read(input, parse)).toEqual({ values: expected, ignored: [] });
    expect(input).toEqual(before);
  });

  it.each([
    ['a negative percentage', { cpu: -1 }, 'cpu: must not be negative'],
    ['1e308', { load1: 1e308 }, 'load1: is out of range'],
    ['NaN', { load1: Number.NaN }, 'load1: must be a finite number'],
    ['a text', { load1: '3' }, 'load1: must be a finite number'],
    ['true', { up: true }, 'up: must be a finite number'],
    ['__proto__ as a name', JSON.parse('{"__proto__": 1}'), '__proto__: a field name is'],
    ['a name with a space', { 'a b': 1 }, 'a b: a field name is'],
    ['a mount of 300 characters', { [`mount:/${'x'.repeat(300)}:used`]: 1 }, 'mount:/xxx'],
    ['half a character in a name', { 'mount:/\ud800:used': 1 }, 'mount:/\ufffd:used: an instance name is'],
    ['a kind with a space', { 'co re': { 0: { cpu: 1 } } }, 'co re: a field name is'],
    ['a name that turns the writing', { 'mount:/\u202egnp:used': 1 }, 'mount:/gnp:used: an instance name is'],
    ['a name with what is not seen', { disk: { 'sd\u200ba': { read: 1 } } }, 'disk:sda: an instance name is'],
    ['an instance without a name', { core: { '': { cpu: 1 } } }, 'core:: an instance name is'],
    ['a number where an instance belongs', { core: { 0: 5 } }, 'core:0: must be an object of numbers'],
    ['a nested field with a colon', { core: { 0: { 'x:cpu': 3 } } }, 'core:0:x:cpu: a field name is'],
    ['a negative number of an instance', { disk: { sda: { read: -1 } } }, 'disk:sda:read: must not be'],
  ])('[I7] %s costs only itself, in the first sample of a push and in later ones', (_, wrong, message) => {
    const parse = createMetricsParser();
    for (let time = 0; time < 3; time++) {
      const { values, ignored } = read({ ram: 40, ...wrong, mount: { '/': { used: 3 } } }, parse);
      expect(values).toEqual({ ram: 40, 'mount:/:used': 3 });
      expect(ignored.map((text) => text.slice(0, message.length))).toEqual([message]);
    }
  });

  it('[I8] values have no prototype, so that a field called toString is absent unless it was sent', () => {
    const { values } = read({ cpu: 1 });
    expect([values['toString'], values['constructor'], values['__proto__']]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(Object.entries(read({ constructor: 5, hasOwnProperty: 6 }).values)).toEqual([
      ['constructor', 5],
      ['hasOwnProperty', 6],
    ]);
  });

  it('[I7] every field that is left out is counted, and at most twenty are named, shortened', () => {
    const leftOut = new LeftOut();
    const metrics = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [`no ${'x'.repeat(200)}${i}`, 1]),
    );
    createMetricsParser()(metrics, [], leftOut);
    expect(leftOut.summary()?.count).toBe(30);
    expect(leftOut.summary()?.fields).toHaveLength(20);
    expect(leftOut.summary()?.fields[0]?.field).toHaveLength(80);
  });

  it('[I4] a sample of 4,000 fields is accepted, one of 4,001 is refused', () => {
    const names = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${i}`, i]));
    expect(read(names(4000)).values).toEqual(names(4000));
    expect(() => read(names(4001))).toThrow('at most 4000');
    expect(() =>
      read({ ...names(2000), ...Object.fromEntries(Object.entries(names(2001)).map(([n]) => [`${n} `, 1])) }),
    ).toThrow('at most 4000');
  });
});
