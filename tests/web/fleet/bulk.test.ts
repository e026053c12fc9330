import { expect, it } from 'vitest';
import { failuresOf, inBulk, silenceScope, type BulkResult } from '../../../web/src/fleet/bulk.ts';

const ids = (count: number) => Array.from({ length: count }, (_, i) => `m${i}`);
const well = (asked: { readonly ids: readonly string[] }) =>
  asked.ids.map((device_id): BulkResult => ({ device_id, error: null }));
const parts = { progress: () => undefined, messageOf: String };

it('an act on more machines than one request takes is several requests, and their results are one list', async () => {
  const sizes: number[] = [];
  const through: number[] = [];
  const results = await inBulk(
    ids(2500),
    { add_tags: ['a'], remove_tags: [] },
    {
      ...parts,
      send(asked) {
        sizes.push(asked.ids.length);
        return Promise.resolve(well(asked));
      },
      progress: (done) => through.push(done),
    },
  );
  expect(sizes).toEqual([1000, 1000, 500]);
  expect(through).toEqual([1000, 2000, 2500]);
  expect(results).toHaveLength(2500);
});

it('where a request fails, its machines and those after it are named with the reason, and nothing more is sent', async () => {
  let requests = 0;
  const results = await inBulk(
    ids(350),
    { remove: true },
    {
      ...parts,
      send(asked) {
        requests++;
        return requests === 2 ? Promise.reject(new Error('away')) : Promise.resolve(well(asked));
      },
    },
  );
  expect(requests).toBe(2);
  expect(results.filter(({ error }) => error === null)).toHaveLength(100);
  const failures = failuresOf(results, (id) => id.toUpperCase());
  expect(failures.map(({ message, names }) => [message, names.length, names[0]])).toEqual([
    ['Error: away', 250, 'M100'],
  ]);
});

it('a silence names up to 1,000 machines; of more, it takes the tag that they were searched by, or is refused', () => {
  const machines = (count: number) => ids(count).map((id) => ({ id }));
  expect(silenceScope(machines(2), 'tag:prod', 2)).toEqual({ devices: ['m0', 'm1'] });
  expect(silenceScope(machines(1200), 'tag:prod', 1200)).toEqual({ tags: ['prod'] });
  expect(silenceScope(machines(1200), 'tag:prod', 1300)).toBeUndefined();
  expect(silenceScope(machines(1200), 'tag:prod cpu>3', 1200)).toBeUndefined();
  expect(silenceScope(machines(1200), '', 1200)).toBeUndefined();
});
