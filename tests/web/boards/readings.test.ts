import { describe, expect, it } from 'vitest';
import {
  current,
  limitState,
  ranked,
  readingName,
  readingsOf,
  reduced,
  type MachineValues,
} from '../../../web/src/boards/readings.ts';

const machine = (
  name: string,
  values: Record<string, number | null>,
  freshness: MachineValues['freshness'] = 'live',
) => ({
  ...{ id: name, name, tags: [], ageMs: 0 },
  freshness,
  values,
});
const machines = [machine('a', { cpu: 10 }), machine('b', { cpu: 30 }), machine('c', { cpu: 90 }, 'offline')];

describe('readings', () => {
  it('several values become one by mean, sum, largest or smallest', () => {
    const readings = readingsOf(machines.slice(0, 2), 'cpu');
    expect(reduced(readings, 'mean')).toBe(20);
    expect(reduced(readings, 'sum')).toBe(40);
    expect(reduced(readings, 'max')).toBe(30);
    expect(reduced(readings, 'min')).toBe(10);
    expect(reduced([], 'sum')).toBeUndefined();
  });

  it('[L4] a machine that is offline does not count among those that are live', () => {
    expect(reduced(current(readingsOf(machines, 'cpu')).readings, 'max')).toBe(30);
  });

  it('[L4] where no machine is live its last values are shown, and said to be old', () => {
    const gone = current(readingsOf(machines.slice(2), 'cpu'));
    expect(gone.old).toBe(true);
    expect(reduced(gone.readings, 'max')).toBe(90);
    expect(current([]).old).toBe(false);
  });

  it('a pattern means the values of all instances, each with a name that tells it from the others', () => {
    const disks = machine('web', {
      'mount:/:used': 40,
      'mount:/var:used': 80,
      cpu: 1,
      'mount:/x:used': null,
    });
    const readings = readingsOf([disks], 'mount:*:used');
    expect(readings.map((one) => readingName(one, true))).toEqual(['/', '/var']);
    expect(readings.map((one) => readingName(one, false))).toEqual(['web /', 'web /var']);
  });

  it('the largest or the smallest come first, equal ones by name', () => {
    const equal = readingsOf(
      [machine('b', { cpu: 1 }), machine('a', { cpu: 1 }), machine('c', { cpu: 2 })],
      'cpu',
    );
    const names = (smallest: boolean) => ranked(equal, { most: 2, smallest }).map((one) => one.machine.name);
    expect(names(false)).toEqual(['c', 'a']);
    expect(names(true)).toEqual(['a', 'b']);
  });

  it('a value passes a limit upwards, or downwards where that is said', () => {
    const limits = { warning: 80, critical: 90, below: false };
    expect([79, 80, 90].map((value) => limitState(value, limits))).toEqual(['good', 'warning', 'critical']);
    expect(limitState(5, { warning: 20, critical: 10, below: true })).toBe('critical');
    expect(limitState(5, { warning: null, critical: null, below: false })).toBe('good');
    expect(limitState(undefined, limits)).toBe('good');
  });
});
