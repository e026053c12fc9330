import { afterAll, beforeAll, expect, it } from 'vitest';
import { manySeriesReply } from '#protocol/series.ts';
import { bandOver, linesBy } from '../../server/history/lines.ts';
import { errorOf, openStage, type Stage } from './stage.ts';

let stage: Stage;
/** A whole minute, ten minutes ago. */
const T = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;
const RANGE = `from=${T}&to=${T + 120_000}&step=1m`;

beforeAll(async () => {
  stage = await openStage();
  for (const [i, id] of ['one', 'two', 'three'].entries()) {
    const device = await stage.device(id);
    await stage.push(device, {
      samples: [0, 60].map((s) => ({
        timestamp: T + s * 1000,
        metrics: { cpu: 10 * (i + 1), mount: { '/': { used: 50 + i }, '/var': { used: 70 + i } } },
      })),
    });
  }
  await stage.admin.ask('PATCH', '/devices/two', { body: { tags: ['web'] } });
});
afterAll(() => stage.close());

const ask = (query: string) => stage.admin.ask('GET', `/series?${query}`);
const read = async (query: string) => (await ask(`${RANGE}&${query}`)).as(manySeriesReply);
const names = async (query: string) =>
  (await read(query)).series.map(({ device_id, field }) => `${device_id} ${field}`);

it('[H2] a series of many machines has a line for each, the largest mean first, in buckets with min, mean and max', async () => {
  const reply = await read('field=cpu');
  expect(reply).toMatchObject({ from: T, to: T + 120_000, step_ms: 60_000, lines: 3 });
  expect(reply.series[0]).toEqual({
    device_id: 'three',
    field: 'cpu',
    mean: 30,
    points: [
      [T, 30, 30, 30],
      [T + 60_000, 30, 30, 30],
    ],
  });
  expect(reply.band).toBeUndefined();
});

it('a series of many machines is of the machines that ids, tags or a name take, and of all instances of a pattern', async () => {
  expect(await names('field=cpu&device=one&device=three')).toEqual(['three cpu', 'one cpu']);
  expect(await names('field=cpu&tag=web')).toEqual(['two cpu']);
  expect(await names('field=cpu&name=t*')).toEqual(['three cpu', 'two cpu']);
  expect(await names('field=cpu&device=gone')).toEqual([]);
  expect(await names('field=mount:*:used&field=cpu&device=one')).toEqual([
    'one mount:/var:used',
    'one mount:/:used',
    'one cpu',
  ]);
});

it('of the lines only the top ones are sent, while all are counted and are in the band', async () => {
  const reply = await read('field=cpu&top=1&percentiles=0,100');
  expect([reply.lines, reply.series.map(({ device_id }) => device_id)]).toEqual([3, ['three']]);
  expect(reply.band).toEqual([
    [T, 10, 20, 30],
    [T + 60_000, 10, 20, 30],
  ]);
});

it.each([
  ['', 'field'],
  ['field=', 'field'],
  [Array.from({ length: 51 }, (_, i) => `field=f${i}`).join('&'), 'field'],
  ['field=cpu&top=0', 'top'],
  ['field=cpu&top=501', 'top'],
  ['field=cpu&percentiles=90,10', 'percentiles'],
  ['field=cpu&percentiles=10', 'percentiles'],
  ['field=cpu&percentiles=10,101', 'percentiles'],
  ['field=cpu&step=fast', 'step'],
  ['field=cpu&from=2000&to=1000', 'from'],
  [`field=cpu&tag=${'x'.repeat(50)}`, 'tag'],
  [`field=cpu&name=${'x'.repeat(300)}`, 'name'],
  [`field=cpu&device=${'x'.repeat(200)}`, 'device'],
  [
    `from=${T}&to=${T + 5_000_000}&step=1s&${Array.from({ length: 50 }, (_, i) => `field=f${i}`).join('&')}`,
    'step',
  ],
])(
  '[H2] a series of many machines with %s is refused with 400 that names the parameter',
  async (query, path) => {
    const error = errorOf(await ask(query));
    expect(error).toMatchObject({ status: 400, code: 'invalid_query' });
    expect(error.details?.[0]?.path).toBe(path);
  },
);

it('the default width of a series of many machines makes at most 300 buckets', async () => {
  const reply = (await ask(`field=cpu&from=${T}&to=${T + 3_600_000}`)).as(manySeriesReply);
  expect(3_600_000 / reply.step_ms).toBeLessThanOrEqual(300);
});

it('lines are sorted by their mean and lines without values are left out', () => {
  const line = (deviceId: string, mean: readonly number[]) => ({
    deviceId,
    field: 'cpu',
    buckets: { t: mean.map((_, i) => i * 1000), min: mean, mean, max: mean, count: mean },
  });
  const sorted = linesBy([line('b', [1, 1]), line('none', []), line('a', [1, 1]), line('c', [9])]);
  expect(sorted.map(({ deviceId, mean }) => [deviceId, mean])).toEqual([
    ['c', 9],
    ['a', 1],
    ['b', 1],
  ]);
});

it('a band is made of the lines that have a value in its bucket, between two values in proportion', () => {
  const line = (values: readonly (readonly [number, number])[]) => {
    const mean = values.map(([, value]) => value);
    const t = values.map(([at]) => at);
    return { deviceId: 'a', field: 'cpu', buckets: { t, min: mean, mean, max: mean, count: mean } };
  };
  const lines = [
    line([[0, 10]]),
    line([
      [500, 20],
      [1000, 7],
    ]),
    line([]),
  ];
  expect(bandOver(lines, 1000, [10, 90])).toEqual([
    [0, 11, 15, 19],
    [1000, 7, 7, 7],
  ]);
  expect(bandOver([], 1000, [10, 90])).toEqual([]);
});
