import { describe, expect, test } from 'vitest';
import { createLog } from '../../server/app/log.ts';
import { createIngest, type IngestParts } from '../../server/ingest/ingest.ts';
import type { DeviceRecord } from '../../server/state/records.ts';
import { createNewSamples } from '../../server/ingest/new-samples.ts';
import type { AcceptedPush } from '../../server/types.ts';
import { deviceRecordOf, memoryCollection } from '../state/memory-collection.ts';

const NOW = Date.UTC(2026, 0, 1);

function stage(over: Partial<IngestParts> = {}) {
  const devices = memoryCollection<DeviceRecord>([deviceRecordOf('a')]);
  const stored: number[] = [];
  const heard: AcceptedPush[] = [];
  let now = NOW;
  const ingest = createIngest({
    authenticate: () => 'a',
    devices,
    append: () => Promise.resolve(0),
    committed: (_, { samples }) => stored.push(...samples.map(({ t }) => t)),
    newSamples: createNewSamples({
      newest: new Map(),
      stored: (_, from, to) => Promise.resolve(stored.filter((t) => t >= from && t < to)),
      warn: () => undefined,
    }),
    accepted: [(push) => heard.push(push)],
    deviceChanged: () => undefined,
    watching: () => false,
    intervalS: 5,
    keptMs: 86_400_000,
    now: () => now,
    log: createLog('silent'),
    ...over,
  });
  return {
    devices,
    stored,
    heard,
    pass: (ms: number) => (now += ms),
    push: (body: object) =>
      ingest.push('', Buffer.from(JSON.stringify({ device_id: 'a', hostname: 'a', ip: '1.2.3.4', ...body }))),
  };
}
const sample = (timestamp: number) => ({ timestamp, metrics: { cpu: 1 } });

describe('ingest', () => {
  test('[I1] is answered only once the journal has it', async () => {
    let commit = (_position: number) => {};
    const { push, heard } = stage({ append: () => new Promise((resolve) => (commit = resolve)) });
    let answered = false;
    const answer = push(sample(NOW)).then((reply) => {
      answered = true;
      return reply;
    });
    await new Promise(setImmediate);
    expect(answered).toBe(false);
    expect(heard).toEqual([]);
    commit(0);
    expect(await answer).toMatchObject({ accepted: 1 });
    expect(heard).toHaveLength(1);
  });

  test('[I1] what the disk refused is not accepted, told to nobody, and taken the next time', async () => {
    let full = true;
    const { push, heard, stored } = stage({
      append: () => (full ? Promise.reject(new Error('ENOSPC')) : Promise.resolve(1)),
    });
    await expect(push(sample(NOW))).rejects.toMatchObject({ code: 'not_stored', retryAfterS: 2 });
    expect(heard).toEqual([]);
    full = false;
    expect(await push(sample(NOW))).toMatchObject({ accepted: 1, duplicates: 0 });
    expect(stored).toEqual([NOW]);
  });

  test('[I2] a resend while the first is still being written waits for it and is a duplicate', async () => {
    const commits: ((position: number) => void)[] = [];
    const { push, stored } = stage({ append: () => new Promise((resolve) => commits.push(resolve)) });
    const both = [push(sample(NOW)), push(sample(NOW))];
    await new Promise(setImmediate);
    expect(commits).toHaveLength(1);
    commits[0]?.(0);
    expect((await Promise.all(both)).map(({ accepted }) => accepted)).toEqual([1, 0]);
    expect(stored).toEqual([NOW]);
  });

  test('[I2] a failed lookup stores everything: the history tells duplicates apart itself', async () => {
    const { push } = stage({
      newSamples: createNewSamples({
        newest: new Map([['a', NOW + 1]]),
        stored: () => Promise.reject(new Error('away')),
        warn: () => undefined,
      }),
    });
    expect(await push(sample(NOW))).toMatchObject({ accepted: 1, duplicates: 0 });
  });

  test("[I1] one part's fault neither refuses the push nor keeps it from the others", async () => {
    const told: string[] = [];
    const { push } = stage({
      accepted: [
        () => {
          throw new Error('broken part');
        },
        ({ deviceId }) => told.push(deviceId),
      ],
    });
    expect(await push(sample(NOW))).toMatchObject({ accepted: 1 });
    expect(told).toEqual(['a']);
  });

  test('[I5] a skew that wandered is used for the resend, too', async () => {
    const { push, pass, stored, devices } = stage();
    await push({ ...sample(NOW - 600_000), sent_at: NOW - 600_000 });
    // 45 s further off: a clock that was stepped.
    pass(60_000);
    const sent = { ...sample(NOW - 590_000), sent_at: NOW - 585_000 };
    expect(await push(sent)).toMatchObject({ accepted: 1 });
    expect(devices.get('a')?.clock_skew_ms).toBe(645_000);
    pass(1000);
    expect(await push(sent)).toMatchObject({ accepted: 0, duplicates: 1 });
    expect(stored).toEqual([NOW, NOW + 55_000]);
  });

  test('a device that is watched is asked to push every second', async () => {
    const { push } = stage({ watching: () => true });
    expect(await push(sample(NOW))).toMatchObject({ interval_s: 1, sample_s: 1 });
  });

  test('[I3] a device removed while the disk wrote is not told to anybody', async () => {
    const { push, devices, heard } = stage({
      append: async () => {
        await devices.remove('a');
        return 0;
      },
    });
    await push(sample(NOW));
    expect(heard).toEqual([]);
    expect(devices.get('a')).toBeUndefined();
  });
});
