/** The suite that every implementation of the History contract passes (H3). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkFields } from '#protocol/metrics.ts';
import { rowSample, type Sample } from '#protocol/sample.ts';
import type { Buckets, History } from '../../server/history/history.ts';

export interface HistoryUnderTest {
  /** Opens the history; each call opens the same stored samples. */
  open(): Promise<History>;
  /** Deletes the stored samples. */
  dispose(): Promise<void>;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The start of an hour, about five hours ago, epoch milliseconds. */
const BASE = Math.floor((Date.now() - 5 * HOUR) / HOUR) * HOUR;

/** Samples with the field `cpu`, one every `every` milliseconds. */
const samplesFrom = (from: number, count: number, value: (i: number) => number, every = SECOND): Sample[] =>
  Array.from({ length: count }, (_, i) => ({ t: from + i * every, values: { cpu: value(i) } }));

export function historyContract(name: string, start: () => Promise<HistoryUnderTest>): void {
  describe(`${name} history`, () => {
    let subject: HistoryUnderTest;
    let history: History;
    let position = 0;
    let devices = 0;
    const newDeviceId = () => `device-${devices++}`;
    const write = (deviceId: string, samples: readonly Sample[]) =>
      history.write([{ deviceId, samples }], ++position);
    const queryCpu = async (deviceId: string, from: number, to: number, step: number): Promise<Buckets> => {
      const result = await history.query({ deviceId, from, to, step, fields: ['cpu'] });
      expect(result.step).toBe(step);
      return result.series.get('cpu') ?? { t: [], min: [], mean: [], max: [], count: [] };
    };

    beforeAll(async () => {
      subject = await start();
      history = await subject.open();
    });
    afterAll(async () => {
      await history.close();
      await subject.dispose();
    });

    test('every sample can be read as soon as its write has resolved', async () => {
      const id = newDeviceId();
      const samples = samplesFrom(BASE, 90, (i) => i / 10);
      const durable = await write(id, samples);
      expect(durable).toBeLessThanOrEqual(position);
      const { t, min, mean, max } = await queryCpu(id, BASE, BASE + 90 * SECOND, SECOND);
      expect(t).toEqual(samples.map((s) => s.t));
      for (const column of [min, mean, max]) expect(column).toEqual(samples.map((s) => s.values['cpu']));
      expect(await history.timestamps(id, BASE, BASE + HOUR)).toEqual(samples.map((s) => s.t));
    });

    test('[I2] samples that are written twice are stored once', async () => {
      const id = newDeviceId();
      const samples = samplesFrom(BASE, 30, (i) => i);
      await write(id, samples);
      await write(id, samples.slice(10));
      await history.write(
        [
          { deviceId: id, samples },
          { deviceId: id, samples: samples.slice(0, 5) },
        ],
        ++position,
      );
      expect(await history.timestamps(id, BASE, BASE + HOUR)).toHaveLength(30);
      const { mean, max } = await queryCpu(id, BASE, BASE + MINUTE, MINUTE);
      expect(mean).toEqual([14.5]);
      expect(max).toEqual([29]);
    });

    test('[H1] a one-second spike is the max of its minute, quarter and hour; means and counts take each sample once', async () => {
      const id = newDeviceId();
      // The first quarter has 900 samples and the second ten, so a mean of their means would be wrong.
      await write(
        id,
        samplesFrom(BASE, 900, (i) => (i === 333 ? 99.5 : 10)),
      );
      await write(
        id,
        samplesFrom(BASE + 900 * SECOND, 10, () => 40),
      );
      for (const [step, spike] of [
        [MINUTE, 5],
        [15 * MINUTE, 0],
        [HOUR, 0],
      ] as const) {
        const { max, min } = await queryCpu(id, BASE, BASE + HOUR, step);
        expect(max[spike]).toBe(99.5);
        expect(min[spike]).toBe(10);
      }
      expect((await queryCpu(id, BASE, BASE + HOUR, 15 * MINUTE)).count).toEqual([900, 10]);
      const { mean, count } = await queryCpu(id, BASE, BASE + HOUR, HOUR);
      expect(count).toEqual([910]);
      expect(mean).toHaveLength(1);
      expect(mean[0]).toBeCloseTo((899 * 10 + 99.5 + 10 * 40) / 910, 3);
    });

    test('[H2] buckets start at multiples of the step, hold only [from, to), and are left out if empty', async () => {
      const id = newDeviceId();
      await write(id, [...samplesFrom(BASE, 20, (i) => i), ...samplesFrom(BASE + 60 * SECOND, 20, (i) => i)]);
      const { t, min, max } = await queryCpu(id, BASE + 5 * SECOND, BASE + 70 * SECOND, 10 * SECOND);
      expect(t).toEqual([0, 10, 60].map((s) => BASE + s * SECOND));
      expect(min).toEqual([5, 10, 0]);
      expect(max).toEqual([9, 19, 9]);
      expect(await history.timestamps(id, BASE + 19 * SECOND, BASE + 61 * SECOND)).toEqual([
        BASE + 19 * SECOND,
        BASE + 60 * SECOND,
      ]);
    });

    test('[H2] a query gives at most the asked number of buckets', async () => {
      const id = newDeviceId();
      await write(
        id,
        samplesFrom(BASE, 3600, (i) => i % 100),
      );
      for (const step of [5 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE]) {
        const { t } = await queryCpu(id, BASE + 1, BASE + HOUR - 1, step);
        expect(t.length).toBeLessThanOrEqual(HOUR / step + 1);
        expect(t.length).toBeGreaterThanOrEqual(HOUR / step - 1);
      }
    });

    test('samples five seconds apart and not at whole seconds fill buckets of ten seconds', async () => {
      const id = newDeviceId();
      await write(
        id,
        samplesFrom(BASE + 123, 24, (i) => i, 5 * SECOND),
      );
      const { t, max } = await queryCpu(id, BASE, BASE + 2 * MINUTE, 10 * SECOND);
      expect(t).toHaveLength(12);
      expect(max).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23]);
    });

    test('late samples complete the buckets of every step', async () => {
      const id = newDeviceId();
      await write(
        id,
        samplesFrom(BASE + 30 * SECOND, 30, () => 20),
      );
      await write(
        id,
        samplesFrom(BASE + 20 * MINUTE, 10, () => 1),
      );
      await write(
        id,
        samplesFrom(BASE - 2 * HOUR, 60, () => 70),
      );
      await write(
        id,
        samplesFrom(BASE, 30, () => 40),
      );
      expect((await queryCpu(id, BASE, BASE + MINUTE, MINUTE)).mean).toEqual([30]);
      expect((await queryCpu(id, BASE, BASE + MINUTE, SECOND)).t).toHaveLength(60);
      expect((await queryCpu(id, BASE - 2 * HOUR, BASE + HOUR, 15 * MINUTE)).max).toEqual([70, 40, 1]);
    });

    test.each([
      ['minutes', 10, MINUTE],
      ['quarters', 100, 15 * MINUTE],
    ])(
      '[H1] a spike is the max of its day although it comes when only the %s of that time are kept',
      async (_, daysAgo, width) => {
        const id = newDeviceId();
        const then = BASE - daysAgo * DAY;
        await write(
          id,
          samplesFrom(then, 1200, (i) => (i === 777 ? 98.5 : 20)),
        );
        const year = await queryCpu(id, BASE - 364 * DAY, BASE + DAY, DAY);
        expect(year.max).toEqual([98.5]);
        expect(year.min).toEqual([20]);
        expect(year.mean[0]).toBeCloseTo((1199 * 20 + 98.5) / 1200, 3);
        // The asked step is finer than what is kept, so the answer has wider buckets and says their width.
        const detailed = await history.query({
          deviceId: id,
          from: then,
          to: then + HOUR,
          step: 10 * SECOND,
          fields: ['cpu'],
        });
        expect(detailed.step).toBe(width);
        const spikes = detailed.series.get('cpu')?.max.filter((max) => max === 98.5);
        expect(spikes).toHaveLength(1);
        expect(detailed.series.get('cpu')?.t).toHaveLength(Math.ceil((1200 * SECOND) / width));
      },
    );

    test.each([0, 10, 100])(
      '[H1] a bucket that several writes fill, %d days late, counts each sample once',
      async (daysAgo) => {
        const id = newDeviceId();
        const then = BASE - daysAgo * DAY;
        const samples = samplesFrom(then, 900, (i) => i % 91);
        const check = async (written: readonly Sample[]) => {
          const values = written.map((sample) => sample.values['cpu'] ?? 0);
          for (const step of [15 * MINUTE, HOUR, DAY]) {
            const { t, min, mean, max } = await queryCpu(id, then - DAY, then + DAY, step);
            expect(t).toHaveLength(1);
            expect(min).toEqual([Math.min(...values)]);
            expect(max).toEqual([Math.max(...values)]);
            expect(mean[0]).toBeCloseTo(values.reduce((sum, v) => sum + v, 0) / values.length, 3);
          }
        };
        await write(id, samples.slice(0, 200));
        await check(samples.slice(0, 200));
        await write(id, samples.slice(205, 700));
        await check([...samples.slice(0, 200), ...samples.slice(205, 700)]);
        await write(id, samples.slice(100, 300));
        await write(id, samples.slice(700));
        await check(samples);
        await write(id, samples.slice(0, 60));
        await check(samples);
      },
    );

    test('[H1] a mean counts the late samples from before a restart and those from after it', async () => {
      const id = newDeviceId();
      await write(
        id,
        samplesFrom(BASE, 300, () => 10),
      );
      await history.close();
      history = await subject.open();
      await write(
        id,
        samplesFrom(BASE + 300 * SECOND, 100, () => 50),
      );
      expect((await queryCpu(id, BASE, BASE + HOUR, 15 * MINUTE)).mean).toEqual([20]);
      expect((await queryCpu(id, BASE, BASE + HOUR, 5 * MINUTE)).mean).toEqual([10, 50]);
    });

    test('[H2] a chart of a year shows a sample that has just come', async () => {
      const id = newDeviceId();
      const now = Math.floor(Date.now() / SECOND) * SECOND;
      await write(
        id,
        samplesFrom(BASE, 10, () => 1),
      );
      await write(id, [{ t: now, values: { cpu: 77 } }]);
      const { max } = await queryCpu(id, now - 364 * DAY, now + 1, DAY);
      expect(Math.max(...max)).toBe(77);
      expect((await queryCpu(id, now - HOUR, now + 1, 15 * MINUTE)).max.at(-1)).toBe(77);
      expect((await queryCpu(id, now - HOUR, now + 1, MINUTE)).max.at(-1)).toBe(77);
    });

    test('the data of a removed device is gone from every tier', async () => {
      const id = newDeviceId();
      for (const daysAgo of [100, 10, 0])
        await write(
          id,
          samplesFrom(BASE - daysAgo * DAY, 60, () => 90),
        );
      expect((await queryCpu(id, BASE - 364 * DAY, BASE + DAY, DAY)).t).toHaveLength(3);
      await history.remove(id);
      expect((await queryCpu(id, BASE - 364 * DAY, BASE + DAY, DAY)).t).toEqual([]);
      await write(
        id,
        samplesFrom(BASE + MINUTE, 5, () => 1),
      );
      for (const step of [MINUTE, 15 * MINUTE, DAY])
        expect((await queryCpu(id, BASE - 20 * DAY, BASE + DAY, step)).max).toEqual([1]);
    });

    test('a field has buckets only where samples have it', async () => {
      const id = newDeviceId();
      await write(id, [
        { t: BASE, values: { cpu: 1, ram: 2 } },
        { t: BASE + SECOND, values: { ram: 3 } },
        { t: BASE + 2 * SECOND, values: { swap: 7, cpu: 4 } },
      ]);
      const fields = ['cpu', 'ram', 'swap', 'absent'];
      const { series } = await history.query({
        deviceId: id,
        from: BASE,
        to: BASE + MINUTE,
        step: SECOND,
        fields,
      });
      expect([...series.keys()].sort()).toEqual(['cpu', 'ram', 'swap']);
      expect(series.get('cpu')).toMatchObject({ t: [BASE, BASE + 2 * SECOND], mean: [1, 4] });
      expect(series.get('ram')).toMatchObject({ t: [BASE, BASE + SECOND], mean: [2, 3] });
      expect(await history.fields(id)).toEqual(['cpu', 'ram', 'swap']);
      expect((await history.latest()).get(id)).toEqual({ t: BASE + 2 * SECOND, values: { swap: 7, cpu: 4 } });
    });

    test('a field of a row whose value was never known is not a field of the device', async () => {
      const id = newDeviceId();
      const layout = checkFields(['cpu', 'ram', 'swap']);
      const numbers = Float64Array.from([1, NaN, NaN, 2, 5, NaN]);
      const row = (i: number) => rowSample(BASE + i * SECOND, { layout, numbers, offset: i * 3 });
      await write(id, [row(0), row(1)]);
      expect(await history.fields(id)).toEqual(['cpu', 'ram']);
      const { series } = await history.query({
        deviceId: id,
        from: BASE,
        to: BASE + MINUTE,
        step: SECOND,
        fields: ['cpu', 'ram', 'swap'],
      });
      expect([...series.keys()].sort()).toEqual(['cpu', 'ram']);
      expect(series.get('ram')).toMatchObject({ t: [BASE + SECOND], mean: [5] });
      expect((await history.latest()).get(id)).toEqual({ t: BASE + SECOND, values: { cpu: 2, ram: 5 } });
    });

    test('numbers of every size are read back exactly', async () => {
      const id = newDeviceId();
      const values = [0, -0.1, 1 / 3, 1e18, -1e18, 123456789.125, 1e-7, 34359738368, 99.99];
      await write(
        id,
        values.map((cpu, i) => ({ t: BASE + i * SECOND, values: { cpu } })),
      );
      expect((await queryCpu(id, BASE, BASE + MINUTE, SECOND)).max).toEqual(values);
    });

    test.each([
      'core:0:cpu',
      'mount:/srv/my "disk", 50% = half\\:used',
      'mount:C\\:\\:used_bytes',
      'interface:Ethernet 2 (WLAN) ü 日本 🛰:rx',
      'time',
      'mount:a\nb:used',
      'sensor:${r}:celsius',
    ])('a field named %j is stored and found by its name', async (field) => {
      const id = newDeviceId();
      await write(id, [{ t: BASE, values: { [field]: 5, cpu: 1 } }]);
      const { series } = await history.query({
        deviceId: id,
        from: BASE,
        to: BASE + 1,
        step: SECOND,
        fields: [field],
      });
      expect([...series.keys()]).toEqual([field]);
      expect(series.get(field)?.mean).toEqual([5]);
      expect(await history.fields(id)).toEqual(['cpu', field].sort());
    });

    test.each([
      'plain',
      'with space, comma = equals',
      'ends in backslash\\',
      '") |> drop(columns: ["_value"]) //',
      'ünï 日本 🛰',
      'two\nlines',
      '100%25',
    ])('a device named %j is stored and found by its name', async (id) => {
      await write(
        id,
        samplesFrom(BASE, 3, (i) => i),
      );
      expect((await queryCpu(id, BASE, BASE + MINUTE, SECOND)).mean).toEqual([0, 1, 2]);
      expect((await history.latest()).get(id)?.t).toBe(BASE + 2 * SECOND);
    });

    test('removing a device deletes its data and no other, and it may come back', async () => {
      const [gone, stays] = [newDeviceId(), newDeviceId()];
      await write(
        gone,
        samplesFrom(BASE, 10, () => 1),
      );
      await write(
        stays,
        samplesFrom(BASE, 10, () => 2),
      );
      await history.remove(gone);
      expect(await history.timestamps(gone, BASE, BASE + HOUR)).toEqual([]);
      expect((await queryCpu(gone, BASE, BASE + HOUR, MINUTE)).t).toEqual([]);
      expect(await history.fields(gone)).toEqual([]);
      const latest = await history.latest();
      expect([latest.has(gone), latest.has(stays)]).toEqual([false, true]);
      await write(
        gone,
        samplesFrom(BASE + MINUTE, 2, () => 3),
      );
      expect(await history.timestamps(gone, BASE, BASE + HOUR)).toHaveLength(2);
    });

    test('a query for an unknown device or an empty range gives no data', async () => {
      const id = newDeviceId();
      expect((await queryCpu('nobody', BASE, BASE + HOUR, MINUTE)).t).toEqual([]);
      expect(await history.fields('nobody')).toEqual([]);
      await history.remove('nobody');
      await write(
        id,
        samplesFrom(BASE, 3, () => 1),
      );
      expect((await queryCpu(id, BASE - HOUR, BASE, MINUTE)).t).toEqual([]);
    });

    test('everything written can be read after the history is closed and opened again', async () => {
      const id = newDeviceId();
      await write(
        id,
        samplesFrom(BASE, 200, (i) => i),
      );
      const recent = samplesFrom(Math.floor(Date.now() / SECOND) * SECOND - 5 * SECOND, 5, (i) => i);
      await write(id, recent);
      await history.close();
      history = await subject.open();
      expect(await history.timestamps(id, BASE, BASE + HOUR)).toHaveLength(200);
      expect((await queryCpu(id, BASE, BASE + 4 * MINUTE, MINUTE)).max).toEqual([59, 119, 179, 199]);
      expect((await history.latest()).get(id)?.t).toBe(recent.at(-1)?.t);
      expect(await history.fields(id)).toEqual(['cpu']);
    });

    test('health says that the history is healthy, and where the samples are', async () => {
      const health = await history.health();
      expect(health.healthy).toBe(true);
      expect(health.detail).not.toBe('');
    });
  });
}
