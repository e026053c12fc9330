import { describe, expect, test } from 'vitest';
import { parsePush } from '#protocol/sample.ts';
import { decodeEntry, encodeEntry, encodeTaken, orderSamples } from '../../server/ingest/journal-entry.ts';

const NOW = Date.UTC(2026, 0, 1);
const samplesAt = (...times: number[]) => times.map((t) => ({ t, values: { cpu: t } }));

describe('journal entry', () => {
  const envelope = { device_id: 'a', hostname: 'ä', ip: '::1' };
  const bodyOf = (parts: object) => Buffer.from(JSON.stringify({ ...envelope, ...parts }));

  test('[I1] the samples of a batch are read back from the journal, shifted', () => {
    const body = bodyOf({ samples: [{ timestamp: NOW, metrics: { cpu: 1, core: { 0: { cpu: 2 } } } }] });
    expect(decodeEntry(encodeEntry(-1500.5, body))).toEqual({
      samples: [{ t: NOW - 1500.5, values: { cpu: 1, 'core:0:cpu': 2 } }],
    });
  });

  test('[I1] the samples of a push in columns are read back from the journal, shifted', () => {
    const body = bodyOf({ fields: ['cpu'], rows: [[NOW, 3]] });
    const samples = decodeEntry(encodeEntry(500, body))?.samples ?? [];
    expect(samples.map(({ t, values }) => ({ t, values }))).toEqual([{ t: NOW + 500, values: { cpu: 3 } }]);
  });

  test('[I7] an entry of what was taken of a push in columns gives the same samples when it is read', () => {
    const body = {
      ...envelope,
      fields: ['cpu', 'a b', 'ram'],
      rows: [
        [NOW, 1, 2, null],
        [NOW + 1, 3, 4, 5.25],
      ],
    };
    const taken = orderSamples(parsePush(body).data?.samples ?? [], 500);
    const read = decodeEntry(encodeTaken('a', taken))?.samples ?? [];
    expect(read.map(({ t, values }) => ({ t, values }))).toEqual([
      { t: NOW + 500, values: { cpu: 1 } },
      { t: NOW + 501, values: { cpu: 3, ram: 5.25 } },
    ]);
  });

  test('[I7] an entry of what was taken of objects gives the same samples, and is no longer than its body', () => {
    const instance = '/'.repeat(200);
    const fields = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}`, i]));
    const metrics = { disk: 40, 'disk:sda:read': 7, mount: { [instance]: fields }, no: { __proto__: 1 } };
    const body = { ...envelope, samples: [{ timestamp: NOW, metrics }] };
    const taken = parsePush(body).data?.samples ?? [];
    const entry = encodeTaken('a', taken);
    expect(decodeEntry(entry)).toEqual({ samples: taken });
    expect(Object.keys(taken[0]?.values ?? {})).toHaveLength(102);
    expect(entry.length).toBeLessThan(JSON.stringify(body).length + 100);
  });

  test('[I1] the reports on processes of a push are read back from the journal, shifted', () => {
    const report = {
      at: NOW,
      period_s: 60,
      total: 80,
      rows: [{ pid: 7, name: 'node', cpu: 12, cpu_peak: 50 }],
    };
    const body = bodyOf({ fields: ['cpu'], rows: [[NOW, 3]], processes: [report] });
    const read = decodeEntry(encodeEntry(500, body));
    expect(read?.processes).toMatchObject([{ ...report, at: NOW + 500 }]);
    const taken = encodeTaken('a', read?.samples ?? [], read?.processes);
    expect(decodeEntry(taken)?.processes).toEqual(read?.processes);
  });

  test('a journal entry that this version cannot read decodes to undefined and throws nothing', () => {
    expect(decodeEntry(encodeEntry(0, Buffer.from('{"other":1}')))).toBeUndefined();
  });

  test('[I2] samples are sorted by time; of two samples of one time the first is kept', () => {
    const mixed = [...samplesAt(3, 1, 2), { t: 1, values: { cpu: 99 } }];
    expect(orderSamples(mixed, 10)).toEqual([
      { t: 11, values: { cpu: 1 } },
      { t: 12, values: { cpu: 2 } },
      { t: 13, values: { cpu: 3 } },
    ]);
    expect(orderSamples(samplesAt(1, 2, 3), 0).map(({ t }) => t)).toEqual([1, 2, 3]);
    expect(orderSamples([], 5)).toEqual([]);
  });
});
