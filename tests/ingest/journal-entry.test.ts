import { describe, expect, test } from 'vitest';
import { decodeEntry, encodeEntry, orderSamples } from '../../server/ingest/journal-entry.ts';

const NOW = Date.UTC(2026, 0, 1);
const samplesAt = (...times: number[]) => times.map((t) => ({ t, values: { cpu: t } }));

describe('journal entry', () => {
  const envelope = { device_id: 'a', hostname: 'ä', ip: '::1' };
  const bodyOf = (parts: object) => Buffer.from(JSON.stringify({ ...envelope, ...parts }));

  test('[I1] the samples of a batch are read back from the journal, shifted', () => {
    const body = bodyOf({ samples: [{ timestamp: NOW, metrics: { cpu: 1, core: { 0: { cpu: 2 } } } }] });
    expect(decodeEntry(encodeEntry(-1500.5, body))).toEqual([
      { t: NOW - 1500.5, values: { cpu: 1, 'core:0:cpu': 2 } },
    ]);
  });

  test('[I1] the samples of a push in columns are read back from the journal, shifted', () => {
    const body = bodyOf({ fields: ['cpu'], rows: [[NOW, 3]] });
    const samples = decodeEntry(encodeEntry(500, body)) ?? [];
    expect(samples.map(({ t, values }) => ({ t, values }))).toEqual([{ t: NOW + 500, values: { cpu: 3 } }]);
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
