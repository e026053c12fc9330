import { describe, expect, test } from 'vitest';
import { createLog } from '../../server/app/log.ts';
import { createCurrentSamples } from '../../server/ingest/current-samples.ts';
import { createIngest, type IngestParts } from '../../server/ingest/ingest.ts';
import type { DeviceRecord } from '../../server/state/records.ts';
import { createSharedIdentity } from '../../server/ingest/shared-identity.ts';
import { createNewSamples } from '../../server/ingest/new-samples.ts';
import type { AcceptedPush } from '../../server/types.ts';
import { deviceRecordOf, memoryCollection } from '../state/memory-collection.ts';

const NOW = Date.UTC(2026, 0, 1);

function openIngest(changes: Partial<IngestParts> = {}) {
  const devices = memoryCollection<DeviceRecord>([deviceRecordOf('a')]);
  const stored: number[] = [];
  const acceptedPushes: AcceptedPush[] = [];
  let now = NOW;
  const ingest = createIngest({
    authenticate: () => 'a',
    devices,
    whyRefused: () => undefined,
    append: () => Promise.resolve(0),
    onCommitted: (_, { samples }) => stored.push(...samples.map(({ t }) => t)),
    newSamples: createNewSamples({
      newest: new Map(),
      storedTimes: (_, from, to) => Promise.resolve(stored.filter((t) => t >= from && t < to)),
      onLookUpFailed: () => undefined,
    }),
    storedFields: () => Promise.resolve([]),
    currentSamples: createCurrentSamples(new Map()),
    ownFields: () => undefined,
    onAccepted: [(push) => acceptedPushes.push(push)],
    onDeviceChanged: () => undefined,
    sharedIdentity: createSharedIdentity(),
    onConflict: () => undefined,
    separationKey: () => undefined,
    upgradeOf: () => undefined,
    probesOf: () => undefined,
    noteDeclared: () => false,
    isWatched: () => false,
    intervalS: 5,
    keptMs: 86_400_000,
    now: () => now,
    log: createLog('silent'),
    ...changes,
  });
  return {
    devices,
    stored,
    acceptedPushes,
    passTime: (ms: number) => (now += ms),
    counts: ingest.counts,
    ingest,
    push: (body: object) =>
      ingest.push(
        ingest.admit(''),
        Buffer.from(JSON.stringify({ device_id: 'a', hostname: 'a', ip: '1.2.3.4', ...body })),
      ),
  };
}
const sample = (timestamp: number) => ({ timestamp, metrics: { cpu: 1 } });

describe('ingest', () => {
  test('[I1] a push is answered only once the journal has its samples on disk', async () => {
    let commit = (_position: number) => {};
    const { push, acceptedPushes } = openIngest({
      append: () => new Promise((resolve) => (commit = resolve)),
    });
    let answered = false;
    const answer = push(sample(NOW)).then((reply) => {
      answered = true;
      return reply;
    });
    await new Promise(setImmediate);
    expect(answered).toBe(false);
    expect(acceptedPushes).toEqual([]);
    commit(0);
    expect(await answer).toMatchObject({ accepted: 1 });
    expect(acceptedPushes).toHaveLength(1);
  });

  test('[I1] a push that the disk refused notifies no part, and is accepted when sent again', async () => {
    let full = true;
    const { push, acceptedPushes, stored } = openIngest({
      append: () => (full ? Promise.reject(new Error('ENOSPC')) : Promise.resolve(1)),
    });
    await expect(push(sample(NOW))).rejects.toMatchObject({ code: 'not_stored', retryAfterS: 2 });
    expect(acceptedPushes).toEqual([]);
    full = false;
    expect(await push(sample(NOW))).toMatchObject({ accepted: 1, duplicates: 0 });
    expect(stored).toEqual([NOW]);
  });

  test('[I2] a resend waits while its first push is being written, and is then a duplicate', async () => {
    const commits: ((position: number) => void)[] = [];
    const { push, stored } = openIngest({ append: () => new Promise((resolve) => commits.push(resolve)) });
    const both = [push(sample(NOW)), push(sample(NOW))];
    await new Promise(setImmediate);
    expect(commits).toHaveLength(1);
    commits[0]?.(0);
    expect((await Promise.all(both)).map(({ accepted }) => accepted)).toEqual([1, 0]);
    expect(stored).toEqual([NOW]);
  });

  test('[I2] all samples are stored when the look-up fails, as the history drops duplicates', async () => {
    const { push } = openIngest({
      newSamples: createNewSamples({
        newest: new Map([['a', NOW + 1]]),
        storedTimes: () => Promise.reject(new Error('the history is away')),
        onLookUpFailed: () => undefined,
      }),
    });
    expect(await push(sample(NOW))).toMatchObject({ accepted: 1, duplicates: 0 });
  });

  test('[I1] an error in one part neither refuses the push nor keeps it from the other parts', async () => {
    const notified: string[] = [];
    const { push } = openIngest({
      onAccepted: [
        () => {
          throw new Error('broken part');
        },
        ({ deviceId }) => notified.push(deviceId),
      ],
    });
    expect(await push(sample(NOW))).toMatchObject({ accepted: 1 });
    expect(notified).toEqual(['a']);
  });

  test('[I5] a resend after the device clock was stepped is shifted like its first push', async () => {
    const { push, passTime, stored, devices } = openIngest();
    await push({ ...sample(NOW - 600_000), sent_at: NOW - 600_000 });
    // The device clock was stepped: its skew is 45 s larger than before.
    passTime(60_000);
    const body = { ...sample(NOW - 590_000), sent_at: NOW - 585_000 };
    expect(await push(body)).toMatchObject({ accepted: 1 });
    expect(devices.get('a')?.clock_skew_ms).toBe(645_000);
    passTime(1000);
    expect(await push(body)).toMatchObject({ accepted: 0, duplicates: 1 });
    expect(stored).toEqual([NOW, NOW + 55_000]);
  });

  test('[I7] pages are shown a device anew when other parts of its pushes are left out than before', async () => {
    const changed: string[] = [];
    const { push, acceptedPushes } = openIngest({ onDeviceChanged: (id) => changed.push(id) });
    await push({ timestamp: NOW, metrics: { ram: 1 } });
    changed.length = 0;
    for (const cpu of [-1, -2]) await push({ timestamp: NOW - cpu, metrics: { ram: 1, cpu } });
    expect(changed).toEqual(['a']);
    await push({ timestamp: NOW + 3, metrics: { ram: 1, 'a b': 1 } });
    expect(changed).toEqual(['a', 'a']);
    expect(acceptedPushes.map(({ ignored }) => ignored?.fields[0]?.field)).toEqual([
      undefined,
      'cpu',
      'cpu',
      'a b',
    ]);
  });

  test('a device that is watched is asked to push every second', async () => {
    const { push } = openIngest({ isWatched: () => true });
    expect(await push(sample(NOW))).toMatchObject({ interval_s: 1, sample_s: 1 });
  });

  test('[I3] a device that is removed while its push is written notifies no part', async () => {
    const { push, devices, acceptedPushes } = openIngest({
      append: async () => {
        await devices.remove('a');
        return 0;
      },
    });
    await push(sample(NOW));
    expect(acceptedPushes).toEqual([]);
    expect(devices.get('a')).toBeUndefined();
  });

  test('[I8] the push of a device that was removed while its body arrived is refused unread', async () => {
    const { push, devices, counts } = openIngest();
    await devices.remove('a');
    await expect(push(sample(NOW))).rejects.toMatchObject({ code: 'invalid_token' });
    expect(counts().single).toBe(0);
  });

  test('[I8] of a thousand samples within one second ten are kept, and the reply counts all', async () => {
    const { push, stored } = openIngest();
    const samples = Array.from({ length: 998 }, (_, i) => sample(NOW + i));
    const reply = await push({ samples: [...samples, sample(NOW), sample(NOW + 60_000)] });
    expect(reply).toMatchObject({ accepted: 11, duplicates: 1, ignored: { samples: 988 } });
    expect(stored.at(-1)).toBe(NOW + 60_000);
  });

  test('[I8] after a start, a device brings no more fields than the history leaves room for, and the reply says so', async () => {
    const { push } = openIngest({
      storedFields: () => Promise.resolve(Array.from({ length: 4990 }, (_, i) => `old-${i}`)),
    });
    const metrics = (kind: string, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`${kind}-${i}`, 1]));
    const first = await push({ timestamp: NOW, metrics: { ...metrics('old', 700), ...metrics('new', 30) } });
    expect(first).toMatchObject({ accepted: 1, ignored: { count: 20 } });
    expect(first.ignored?.fields[0]?.reason).toContain('5000 other fields');
    expect(await push({ timestamp: NOW + 1000, metrics: metrics('old', 4000) })).not.toHaveProperty(
      'ignored',
    );
  });

  test('[I8] an address that changes with every push is written down without hurry', async () => {
    const { push, devices } = openIngest();
    let writes = 0;
    devices.put = () => {
      writes++;
      return Promise.resolve();
    };
    for (let i = 0; i < 50; i++) await push({ ...sample(NOW + i), ip: `10.0.0.${i}` });
    expect([writes, devices.get('a')?.ip]).toEqual([0, '10.0.0.49']);
  });

  test('[F4] two agents of one device are told of each other, and its names do not change in turns', async () => {
    const conflicts: (readonly string[] | undefined)[] = [];
    const { push, devices, acceptedPushes, passTime } = openIngest({
      onConflict: (_, conflict) => conflicts.push(conflict?.origins.map(({ hostname }) => hostname)),
    });
    let t = NOW;
    const pushOf = (host: string) => push({ ...sample((t += 1000)), hostname: host, ip: host, run_id: host });
    const replies = [];
    const names = [devices.get('a')?.hostname];
    for (let i = 0; i < 6; i++) {
      replies.push(await pushOf(i % 2 === 0 ? 'one' : 'clone'));
      names.push(devices.get('a')?.hostname);
      passTime(1000);
    }
    expect(replies.map(({ other_agent }) => other_agent?.hostname)).toEqual([
      ...[undefined, undefined, undefined, undefined],
      ...['clone', 'one'],
    ]);
    expect(conflicts).toEqual([['one', 'clone']]);
    expect(acceptedPushes.map(({ isShared }) => isShared)).toEqual([false, false, false, false, true, true]);
    expect(acceptedPushes.map(({ samples }) => samples.length)).toEqual([1, 1, 1, 1, 1, 1]);
    expect([...new Set(names)]).toEqual(['a', 'one']);
  });

  test('[F4] only the agent that is to be a device of its own is told its key', async () => {
    const { push } = openIngest({
      separationKey: ({ run_id }) => (run_id === 'clone' ? Promise.resolve('the key') : undefined),
    });
    const of = (run_id: string, t: number) => push({ ...sample(NOW + t), run_id });
    expect(await of('one', 0)).not.toHaveProperty('separate');
    expect(await of('clone', 1)).toMatchObject({ separate: { enrollment_key: 'the key' } });
  });

  test('[F4] the conflict is over at once when the other agent is a device of its own', async () => {
    const sharedIdentity = createSharedIdentity();
    const conflicts: (number | undefined)[] = [];
    const changed: string[] = [];
    const { push, ingest } = openIngest({
      sharedIdentity,
      onConflict: (_, conflict) => conflicts.push(conflict?.origins.length),
      onDeviceChanged: (id) => changed.push(id),
    });
    for (let i = 0; i < 6; i++)
      await push({ ...sample(NOW + i * 1000), run_id: i % 2 === 0 ? 'one' : 'two' });
    const [last] = sharedIdentity.of('a')?.origins ?? [];
    changed.length = 0;
    ingest.agentLeft('a', last?.id ?? '');
    expect(conflicts).toEqual([2, undefined]);
    expect(changed).toEqual(['a']);
    expect(await push({ ...sample(NOW + 9000), run_id: 'one' })).not.toHaveProperty('other_agent');
  });

  test('[F1] a page is shown the new interval of a device, not the one before its push', async () => {
    const order: string[] = [];
    const { push } = openIngest({
      onAccepted: [({ intervalS }) => order.push(`fleet ${intervalS}`)],
      onDeviceChanged: () => order.push('page'),
    });
    await push({ ...sample(NOW), interval_s: 60 });
    expect(order).toEqual(['fleet 60', 'page']);
  });
});
