import { expect, test } from 'vitest';
import { createPacker, type PackedWrite } from '../../../server/history/embedded/packed.ts';

/** Keeps the shapes as the history's thread does, and reads the one sample of each write. */
function receiver() {
  let shapes: (readonly string[])[] = [];
  let mostNames = 0;
  return {
    /** The most names of shapes that were kept at one time. */
    get mostNames() {
      return mostNames;
    },
    sampleOf({ reset, shapes: added, data }: PackedWrite): Record<string, number> {
      if (reset) shapes = [];
      shapes.push(...added);
      mostNames = Math.max(
        mostNames,
        shapes.reduce((sum, { length }) => sum + length, 0),
      );
      const names = shapes[data[2] ?? -1] ?? [];
      return Object.fromEntries(names.map((name, i): [string, number] => [name, data[3 + i] ?? NaN]));
    },
  };
}

/** 1000 values; the names of each `n` are others. */
const wide = (n: number) =>
  Object.fromEntries(Array.from({ length: 1000 }, (_, i): [string, number] => [`field-${n}-${i}`, i]));

test('[I8] a device that sends other names with every sample makes the packer remember no more than a bound in bytes', () => {
  const packer = createPacker(10_000, 500_000);
  const received = receiver();
  for (let n = 0; n < 100; n++) {
    const values = wide(n);
    const packed = packer.pack([{ deviceId: 'd', samples: [{ t: n, values }] }], n);
    expect(received.sampleOf(packed)).toEqual(values);
  }
  expect(received.mostNames).toBeLessThan(10_000);
});

test('a shape is sent once, and again only after the packer has begun anew', () => {
  const packer = createPacker(10_000, 500_000);
  const pack = (values: Record<string, number>) =>
    packer.pack([{ deviceId: 'd', samples: [{ t: 1, values }] }], 1);
  expect(pack({ cpu: 1 }).shapes).toEqual([['cpu']]);
  expect(pack({ cpu: 2 }).shapes).toEqual([]);
  let resets = 0;
  for (let n = 0; resets === 0 && n < 100; n++) if (pack(wide(n)).reset) resets++;
  expect(resets).toBe(1);
  expect(pack({ cpu: 3 }).shapes).toEqual([['cpu']]);
});
