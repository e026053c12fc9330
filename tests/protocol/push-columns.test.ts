/**
 * A push in columns has the same samples as the same push as objects, and is refused for the same reasons.
 */
import { describe, expect, it } from 'vitest';
import { fieldNames, fieldValue, parsePush } from '#protocol/sample.ts';

const NOW = Date.UTC(2026, 0, 1);
const envelope = { device_id: 'd', hostname: 'h', ip: '::1', sent_at: NOW, interval_s: 5, dropped: 2 };
const columns = (fields: unknown, rows: unknown, changes: object = {}) =>
  parsePush({ ...envelope, ...changes, fields, rows });

/** Time and values of each sample of an accepted push. */
function samplesOf(parsed: ReturnType<typeof parsePush>) {
  if (!parsed.success) throw parsed.error;
  return parsed.data.samples.map(({ t, values }) => ({ t, values }));
}

/** Path and message of the first error, as `path: message`; 'none' for an accepted push. */
function firstError(parsed: ReturnType<typeof parsePush>): string {
  const issue = parsed.error?.issues[0];
  return issue === undefined ? 'none' : `${issue.path.join('.')}: ${issue.message}`;
}

describe('pushes in columns', () => {
  it('a push in columns has the same samples as the same push as a batch of objects', () => {
    const rows = [
      [NOW, 3.5, 40, 7, -4],
      [NOW + 1000, 100, 41.25, 0, 18],
    ];
    const samples = rows.map(([timestamp, cpu, used, core, celsius]) => ({
      timestamp,
      metrics: { cpu, 'mount:/var:used': used, core: { 0: { cpu: core } }, 'sensor:a b:celsius': celsius },
    }));
    const asColumns = columns(['cpu', 'mount:/var:used', 'core:0:cpu', 'sensor:a b:celsius'], rows);
    const asObjects = parsePush({ ...envelope, samples });
    expect(samplesOf(asColumns)).toEqual(samplesOf(asObjects));
    expect({ ...asColumns.data, form: '', samples: [] }).toEqual({
      ...asObjects.data,
      form: '',
      samples: [],
    });
    expect([asColumns.data?.form, asObjects.data?.form]).toEqual(['columns', 'batch']);
  });

  it('a single value and the field names of a sample in columns can be read', () => {
    const [first, second] =
      columns(
        ['cpu', 'ram'],
        [
          [NOW, 1, 2],
          [NOW + 1000, null, 4],
        ],
      ).data?.samples ?? [];
    if (first === undefined || second === undefined) throw new Error('no samples');
    expect([fieldValue(first, 'cpu'), fieldValue(first, 'ram'), fieldValue(first, 'disk')]).toEqual([
      1,
      2,
      undefined,
    ]);
    expect([fieldValue(second, 'cpu'), fieldValue(second, 'ram')]).toEqual([undefined, 4]);
    expect(fieldNames(second)).toEqual(['cpu', 'ram']);
  });

  it('a null in a row leaves the value out of the sample', () => {
    expect(samplesOf(columns(['cpu', 'ram'], [[NOW, null, 4]]))).toEqual([{ t: NOW, values: { ram: 4 } }]);
  });

  it('a push in columns may hold only nulls or no field, as a batch may hold empty metrics', () => {
    expect(samplesOf(columns(['cpu'], [[NOW, null]]))).toEqual([{ t: NOW, values: {} }]);
    expect(samplesOf(columns([], [[NOW]]))).toEqual([{ t: NOW, values: {} }]);
    expect(samplesOf(parsePush({ ...envelope, samples: [{ timestamp: NOW, metrics: {} }] }))).toEqual([
      { t: NOW, values: {} },
    ]);
  });

  it('a push in columns may have ISO 8601 times, and rows in any order', () => {
    const rows = [
      ['2026-01-01T00:00:05Z', 2],
      [NOW, 1],
    ];
    expect(samplesOf(columns(['cpu'], rows)).map(({ t }) => t)).toEqual([NOW + 5000, NOW]);
  });

  it('[I5] a percentage over 100 in columns becomes 100', () => {
    expect(samplesOf(columns(['cpu'], [[NOW, 104]]))).toEqual([{ t: NOW, values: { cpu: 100 } }]);
  });

  it('field names such as constructor and toString are kept in columns', () => {
    const [sample] = samplesOf(columns(['constructor', 'toString'], [[NOW, 1, 2]]));
    expect(Object.entries(sample?.values ?? {})).toEqual([
      ['constructor', 1],
      ['toString', 2],
    ]);
  });

  it.each([
    ['a field list that is not a list', { cpu: 1 }, [[NOW, 1]], 'fields: must be a list of field names'],
    ['a missing field list', undefined, [[NOW, 1]], 'fields: must be a list of field names'],
    ['a field name that is not a text', [3], [[NOW, 2]], 'fields.0: must be a field name'],
    ['a field name with a space', ['a b'], [[NOW, 2]], 'fields.0: a field name is a letter'],
    ['__proto__ as a field', ['__proto__'], [[NOW, 1]], 'fields.0: a field name is a letter'],
    ['an instance without a name', ['disk::read'], [[NOW, 1]], 'fields.0: an instance name is'],
    ['an empty list of rows', ['cpu'], [], 'rows: Too small'],
    ['a text instead of rows', ['cpu'], 'rows', 'rows: Invalid input'],
    ['a row that is an object', ['cpu'], [{ cpu: 1 }], 'rows.0: must be a list'],
    ['a row that is too short', ['cpu', 'ram'], [[NOW, 1]], 'rows.0: has 2 entries'],
    ['a row that is too long', ['cpu'], [[NOW, 1, 2]], 'rows.0: has 3 entries'],
    ['a text as a number', ['cpu'], [[NOW, '1']], 'rows.0.1: must be a finite number'],
    ['true as a number', ['cpu'], [[NOW, true]], 'rows.0.1: must be a finite number'],
    ['a negative percentage', ['load1', 'cpu'], [[NOW, null, -1]], 'rows.0.2: must not be negative'],
    ['1e308', ['custom'], [[NOW, 1e308]], 'rows.0.1: is out of range'],
    ['a null as the time', ['cpu'], [[null, 1]], 'rows.0.0: must be a time'],
    ['a negative time', ['cpu'], [[-5, 1]], 'rows.0.0: must be a time'],
  ])('[I4] [I7] a push with nothing but %s is refused with its path', (_, fields, rows, message) => {
    expect(firstError(columns(fields, rows)).slice(0, message.length)).toBe(message);
  });

  it.each([
    ['a name that is no text', ['cpu', 3, 'ram'], 'fields.1: must be a field name'],
    ['a name with a space', ['cpu', 'a b', 'ram'], 'a b: a field name is'],
    ['a mount of 300 characters', ['cpu', `mount:/${'x'.repeat(300)}:used`, 'ram'], 'mount:/xxx'],
    ['__proto__', ['cpu', '__proto__', 'ram'], '__proto__: a field name is'],
    ['a name listed twice', ['cpu', 'cpu', 'ram'], 'cpu: is in the list twice'],
  ])('[I7] %s in the list of fields costs only its column', (_, fields, message) => {
    const parsed = columns(fields, [
      [NOW, 1, 99, 2],
      [NOW + 1000, 3, 'x', 4],
    ]);
    expect(samplesOf(parsed)).toEqual([
      { t: NOW, values: { cpu: 1, ram: 2 } },
      { t: NOW + 1000, values: { cpu: 3, ram: 4 } },
    ]);
    const left = parsed.data?.leftOut.summary();
    expect(left?.count).toBe(1);
    expect(`${left?.fields[0]?.field}: ${left?.fields[0]?.reason}`.slice(0, message.length)).toBe(message);
  });

  it.each([
    ['a negative percentage', [NOW + 1, -1, 5], { ram: 5 }, 'cpu'],
    ['a text', [NOW + 1, '1', 5], { ram: 5 }, 'cpu'],
    ['1e19', [NOW + 1, 4, 1e19], { cpu: 4 }, 'ram'],
    ['a time in words', ['soon', 4, 5], undefined, 'rows.1.0'],
    ['too few entries', [NOW + 1, 4], undefined, 'rows.1'],
    ['an object instead of a row', { cpu: 4 }, undefined, 'rows.1'],
  ])('[I7] %s in a row costs only itself', (_, wrong, remaining, field) => {
    const parsed = columns(['cpu', 'ram'], [[NOW, 1, 2], wrong, [NOW + 2, 7, 8]]);
    const values = samplesOf(parsed).map((sample) => sample.values);
    expect(values).toEqual([{ cpu: 1, ram: 2 }, ...(remaining ? [remaining] : []), { cpu: 7, ram: 8 }]);
    expect(parsed.data?.leftOut.summary()?.fields.map((part) => part.field)).toEqual([field]);
    expect(parsed.data?.places).toEqual(remaining ? undefined : [0, 2]);
  });

  it('[I4] 4,000 fields are accepted; 4,001 and 10,000 are refused without reading the rows', () => {
    const names = (count: number) => Array.from({ length: count }, (_, i) => `n${i}`);
    const row = (count: number) => [NOW, ...Array.from({ length: count }, () => null)];
    expect(columns(names(4000), [row(4000)]).success).toBe(true);
    for (const count of [4001, 10_000])
      expect(firstError(columns(names(count), [row(count)]))).toContain(`fields: has ${count} fields`);
  });

  it('[I4] 4,000 fields with 1,000 empty rows are refused before memory for their values is taken', () => {
    const names = Array.from({ length: 4000 }, (_, i) => `n${i}`);
    const { arrayBuffers: before } = process.memoryUsage();
    const error = firstError(columns(names, new Array(1000).fill([])));
    expect(error).toContain('rows.0: has 0 entries');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
  });

  it('[I4] 1,000 rows are accepted, 1,001 are refused', () => {
    const rows = (count: number) => Array.from({ length: count }, (_, i) => [NOW + i * 1000, 1]);
    expect(columns(['cpu'], rows(1000)).success).toBe(true);
    expect(firstError(columns(['cpu'], rows(1001)))).toContain('rows: Too big');
  });

  it.each([
    ['a missing device id', { device_id: undefined }, 'device_id'],
    ['an empty hostname', { hostname: '' }, 'hostname'],
    ['an interval of 0', { interval_s: 0 }, 'interval_s'],
  ])('[I4] %s is refused in columns as in the other forms', (_, changes, path) => {
    expect(firstError(columns(['cpu'], [[NOW, 1]], changes)).split(':')[0]).toBe(path);
  });
});
