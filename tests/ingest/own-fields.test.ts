import { describe, expect, it } from 'vitest';
import { FIELDS_PER_SAMPLE } from '#protocol/fields.ts';
import { checkFields } from '#protocol/metrics.ts';
import { fieldValue, rowSample } from '#protocol/sample.ts';
import { decodeEntry, encodeTaken } from '../../server/ingest/journal-entry.ts';
import { createOwnFields } from '../../server/ingest/own-fields.ts';

const USED = 'quota:eth0:used';
const own = (used: number, since = 0) => ({ values: { [USED]: used }, since });
const layout = checkFields(['cpu', 'ram']);
const rows = [1000, 2000, 3000].map((t, i) =>
  rowSample(t, { layout, numbers: Float64Array.from([i, NaN]), offset: 0 }),
);

describe('what the server knows of a device', () => {
  it('it stands in each sample of a push beside what was sent, over 100 percent too, after a crash as well', () => {
    const written = createOwnFields().write(rows, own(130));
    const again = decodeEntry(encodeTaken('a', written))?.samples ?? [];
    for (const samples of [written, again])
      expect(samples.map(({ t, values }) => ({ t, ...values }))).toEqual([
        { t: 1000, cpu: 0, [USED]: 130 },
        { t: 2000, cpu: 1, [USED]: 130 },
        { t: 3000, cpu: 2, [USED]: 130 },
      ]);
  });

  it('samples from before it was so do not have it', () => {
    const written = createOwnFields().write(rows, own(5, 2500));
    expect(written.map((sample) => fieldValue(sample, USED))).toEqual([undefined, undefined, 5]);
    expect(createOwnFields().write(rows, own(5, 4000))).toBe(rows);
  });

  it('pushes with the same fields share one layout, which keeps what is worked out of it', () => {
    const fields = createOwnFields();
    const [one, two] = [fields.write(rows, own(1)), fields.write(rows, own(2))];
    expect(one[0]?.row?.layout).toBe(two[2]?.row?.layout);
  });

  it('[I1] a sample that they would make too large for the journal stays as it was sent', () => {
    const values = Object.fromEntries(Array.from({ length: FIELDS_PER_SAMPLE }, (_, i) => [`f${i}`, i]));
    const [full] = createOwnFields().write([{ t: 1000, values }], own(9));
    expect(full?.values).toBe(values);
    expect(decodeEntry(encodeTaken('a', [{ t: 1000, values }]))?.samples).toHaveLength(1);
  });

  it('a field that is called as every object has it is none where it was not sent', () => {
    const [sample] = createOwnFields().write([{ t: 1000, values: { cpu: 1 } }], own(9));
    expect('constructor' in (sample?.values ?? {})).toBe(false);
  });

  it('it takes the place of a field of the same name that was sent', () => {
    const sent = [{ t: 1000, values: { cpu: 3, [USED]: 7 } }];
    expect(createOwnFields().write(sent, own(9))[0]?.values).toEqual({ cpu: 3, [USED]: 9 });
    const same = checkFields([USED, 'cpu']);
    const row = rowSample(1000, { layout: same, numbers: Float64Array.from([7, 3]), offset: 0 });
    expect(createOwnFields().write([row], own(9))[0]?.values).toEqual({ cpu: 3, [USED]: 9 });
  });
});
