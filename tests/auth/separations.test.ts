import { describe, expect, it } from 'vitest';
import { createEnrollmentKeys } from '../../server/auth/enrollment-keys.ts';
import { createSeparations } from '../../server/auth/separations.ts';
import type { EnrollmentKeyRecord, SeparationRecord } from '../../server/state/records.ts';
import { memoryCollection } from '../state/memory-collection.ts';

const DAY = 86_400_000;
const clone = { device_id: 'a', origin: 'clone', hostname: 'web-02', ip: '10.0.0.2' };

function stage() {
  let now = Date.UTC(2026, 0, 1);
  const records = memoryCollection<SeparationRecord>();
  const keys = memoryCollection<EnrollmentKeyRecord>();
  const enrollment = createEnrollmentKeys(keys, () => now);
  const start = () =>
    createSeparations({
      separations: records,
      keys,
      enrollment,
      deviceOf: () => ({ name: 'web-01', tags: ['web', 'prod'] }),
      now: () => now,
    });
  let separations = start();
  return {
    keys,
    pass: (ms: number) => (now += ms),
    /** As after a restart of the server. */
    restart: () => (separations = start()),
    ask: (agent = clone) => separations.ask(agent, 'ann'),
    isAsked: () => separations.isAsked('a'),
    keyFor: (origin: string, follows?: string) => separations.keyFor({ device_id: 'a', origin }, follows),
    joinedWith: (id: string) => separations.joinedWith(id),
    forget: () => separations.forget('a'),
    recordOf: (secret: string | undefined) => (secret === undefined ? undefined : enrollment.find(secret)),
    use: async (secret: string | undefined) => {
      const record = secret === undefined ? undefined : enrollment.find(secret);
      if (record !== undefined) await enrollment.countUse(record);
    },
  };
}

describe('making a machine a device of its own', () => {
  it('[F4] the named agent alone gets a key: for one use, one day, with the tags of the device', async () => {
    const { ask, keyFor, recordOf, isAsked } = stage();
    expect(isAsked()).toBe(false);
    await ask();
    expect(isAsked()).toBe(true);
    expect(await keyFor('other')).toBeUndefined();
    expect(recordOf(await keyFor('clone'))).toMatchObject({
      ...{ max_uses: 1, uses: 0, tags: ['web', 'prod'], separated_from: 'a', created_by: 'ann' },
      expires_at: Date.UTC(2026, 0, 2),
    });
  });

  it('[F4] however often the agent pushes and an administrator asks, there is one key', async () => {
    const { ask, keyFor, keys } = stage();
    await ask();
    const given = await Promise.all([keyFor('clone'), keyFor('clone')]);
    await ask();
    expect([...given, await keyFor('clone')]).toEqual([given[0], given[0], given[0]]);
    expect(keys.all()).toHaveLength(1);
  });

  it('[F4] a restarted agent gets it by saying whose place it takes, and no other start does afterwards', async () => {
    const { ask, keyFor } = stage();
    await ask();
    const key = await keyFor('clone');
    expect(await keyFor('next', 'clone')).toBe(key);
    expect(await keyFor('next')).toBe(key);
    expect(await keyFor('another', 'clone')).toBeUndefined();
  });

  it('[F4] after a restart of the server an agent gets a new key in the place of the one that it did not use', async () => {
    const { ask, keyFor, restart, keys, recordOf } = stage();
    await ask();
    const first = await keyFor('clone');
    restart();
    const second = await keyFor('clone');
    expect(second).not.toBe(first);
    expect(recordOf(first)).toBeUndefined();
    expect(keys.all()).toHaveLength(1);
  });

  it('[F4] where the key was used and the server was killed before it noted that, there is no second one', async () => {
    const { ask, keyFor, restart, use, isAsked, keys } = stage();
    await ask();
    await use(await keyFor('clone'));
    restart();
    expect(await keyFor('next', 'clone')).toBeUndefined();
    expect(isAsked()).toBe(false);
    expect(keys.all()).toHaveLength(1);
  });

  it('[F4] it is over when the machine has joined, when the device is removed, and after a day', async () => {
    const { ask, keyFor, recordOf, joinedWith, isAsked, forget, pass } = stage();
    await ask();
    const id = recordOf(await keyFor('clone'))?.id ?? '';
    expect(joinedWith('unknown')).toBeUndefined();
    expect(joinedWith(id)).toMatchObject({ device_id: 'a', origin: 'clone' });
    expect(joinedWith(id)).toBeUndefined();
    expect(isAsked()).toBe(false);
    await ask();
    forget();
    expect(isAsked()).toBe(false);
    await ask();
    pass(DAY + 1);
    expect(isAsked()).toBe(false);
  });
});
