import { describe, expect, test } from 'vitest';
import type { RegisterRequest } from '#protocol/api.ts';
import type { NewEntry } from '../../server/auth/audit.ts';
import { createDeviceTokens } from '../../server/auth/device-tokens.ts';
import { createEnrollmentKeys, type NewKey } from '../../server/auth/enrollment-keys.ts';
import { createJoining } from '../../server/auth/joining.ts';
import { networkOf } from '../../server/http/address.ts';
import type { DeviceRecord, EnrollmentKeyRecord, RemovedDeviceRecord } from '../../server/state/records.ts';
import { memoryCollection } from '../state/memory-collection.ts';

const SECRET = 'a secret of the machine itself';

function stage() {
  let now = Date.UTC(2026, 0, 1);
  const devices = memoryCollection<DeviceRecord>();
  const removed = memoryCollection<RemovedDeviceRecord>();
  const records = memoryCollection<EnrollmentKeyRecord>();
  const keys = createEnrollmentKeys(records, () => now);
  const tokens = createDeviceTokens(devices, () => now);
  const entries: NewEntry[] = [];
  const audit = { record: (entry: NewEntry) => void entries.push(entry) };
  const parts = { devices, removed, keys, tokens, audit, intervalS: 5, now: () => now, networkOf };
  const joining = createJoining(parts);
  return {
    devices,
    removed,
    records,
    keys,
    tokens,
    joining,
    entries,
    pass: (ms: number) => (now += ms),
    async newKey(changes: Partial<NewKey> = {}): Promise<string> {
      const key = { name: 'k', created_by: 'ann', expires_at: null, max_uses: null, tags: [] };
      return (await keys.create({ ...key, device_id: undefined, ...changes })).secret;
    },
    join: (
      enrollment_key: string,
      changes: Partial<RegisterRequest> = {},
      { token = '', address = '1.2.3.4' } = {},
    ) =>
      joining.join(
        { enrollment_key, hostname: 'host', ip: '', os: '', device_id: 'x', ...changes },
        { address, authorization: `Bearer ${token}` },
      ),
    async remove(id: string) {
      await devices.remove(id);
      await joining.deviceRemoved(id);
    },
  };
}
const refusedWith = (code: string) => ({ code });

describe('asking whether a machine could join', () => {
  test('a check answers as joining would, and uses no key up and registers nothing', async () => {
    const { joining, newKey, records, devices, tokens, join } = stage();
    const check = (enrollment_key: string, changes: object = {}, token = '') =>
      joining.check(
        { enrollment_key, device_id: 'x', ...changes },
        { address: '1.2.3.4', authorization: `Bearer ${token}` },
      );
    const key = await newKey({ max_uses: 1 });
    for (let n = 0; n < 3; n++) expect(await check(key)).toBe('x');
    expect(records.all()[0]?.uses).toBe(0);
    expect(devices.all()).toEqual([]);
    await expect(check('unknown')).rejects.toMatchObject(refusedWith('invalid_enrollment_key'));

    const { token } = await join(key, { join_secret: SECRET });
    await expect(check(key)).rejects.toMatchObject(refusedWith('invalid_enrollment_key'));
    expect(await check(key, { join_secret: SECRET })).toBe('x');
    const other = await newKey();
    await expect(check(other)).rejects.toMatchObject(refusedWith('device_exists'));
    expect(await check(other, {}, token)).toBe('x');
    await tokens.revoke('x');
    await expect(check(other)).rejects.toMatchObject(refusedWith('device_revoked'));
    expect(await check(await newKey({ device_id: 'x' }))).toBe('x');
  });

  test('[S5] wrong keys of checks count with those of joining', async () => {
    const { joining } = stage();
    const check = () => joining.check({ enrollment_key: 'wrong' }, { address: '1.2.3.4', authorization: '' });
    for (let n = 0; n < 20; n++)
      await expect(check()).rejects.toMatchObject(refusedWith('invalid_enrollment_key'));
    await expect(check()).rejects.toMatchObject(refusedWith('too_many_attempts'));
  });
});

describe('enrollment keys', () => {
  test('[S2] only the hash of an enrollment key is stored', async () => {
    const { keys, newKey, records } = stage();
    const secret = await newKey();
    expect(keys.find(secret)).toBe(records.all()[0]);
    expect(keys.find(`${secret}x`)).toBeUndefined();
    expect(JSON.stringify(records.all())).not.toContain(secret);
  });

  test('[S4] a refused key is written down as an act of a stranger, by its name where it has one, never itself', async () => {
    const { newKey, join, entries, pass } = stage();
    const spent = await newKey({ name: 'rack 4', max_uses: 1 });
    await join(spent);
    const expired = await newKey({ name: 'rack 5', expires_at: Date.UTC(2026, 0, 1) + 1000 });
    pass(2000);
    for (const key of ['wf_key_unknown', spent, expired])
      await expect(join(key, { device_id: 'y' })).rejects.toMatchObject(
        refusedWith('invalid_enrollment_key'),
      );
    const by = { by: 'stranger', actor: 'stranger', address: '1.2.3.4' };
    expect(entries).toEqual([
      { ...by, action: 'joining refused with', target: 'an unknown enrollment key' },
      { ...by, action: 'joining refused with the spent enrollment key', target: 'rack 4' },
      { ...by, action: 'joining refused with the expired enrollment key', target: 'rack 5' },
    ]);
  });

  test('[S4] past the limit of wrong keys, a network writes nothing more down', async () => {
    const { join, entries } = stage();
    for (let i = 0; i < 30; i++) await join(`wf_key_${i}`).catch(() => undefined);
    expect(entries).toHaveLength(20);
  });

  test('[S2] an expired enrollment key is refused, even for a retry', async () => {
    const { newKey, join, pass } = stage();
    const key = await newKey({ expires_at: Date.UTC(2026, 0, 1) + 1000 });
    pass(999);
    await join(key, { join_secret: SECRET });
    pass(1);
    for (const changes of [{ join_secret: SECRET }, { device_id: 'y' }])
      await expect(join(key, changes)).rejects.toMatchObject(refusedWith('invalid_enrollment_key'));
  });

  test('[S2] a key is used at most max_uses times, also by machines that join at once', async () => {
    const { newKey, join, records } = stage();
    const key = await newKey({ max_uses: 2 });
    const joins = ['a', 'b', 'c', 'd'].map((device_id) => join(key, { device_id }));
    const results = await Promise.allSettled(joins);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect(records.all()[0]?.uses).toBe(2);
  });
});

describe('an identity that is taken', () => {
  test('[S5] another valid key does not take a registered device, before or after its first push', async () => {
    const { newKey, join, devices } = stage();
    await join(await newKey());
    await expect(join(await newKey())).rejects.toMatchObject(refusedWith('device_exists'));
    await devices.put({ ...(await join(await newKey(), { device_id: 'y' })).record, last_seen: 1 });
    await expect(join(await newKey(), { device_id: 'y' })).rejects.toMatchObject(
      refusedWith('device_exists'),
    );
  });

  test('[S5] a spent key takes no device that has not pushed yet', async () => {
    const { newKey, join, tokens } = stage();
    const key = await newKey({ max_uses: 1 });
    const { token } = await join(key, { join_secret: SECRET });
    for (const join_secret of [undefined, 'another secret of a machine'])
      await expect(join(key, { join_secret })).rejects.toMatchObject(refusedWith('invalid_enrollment_key'));
    expect(tokens.isTokenOf(`Bearer ${token}`, 'x')).toBe(true);
  });

  test('[S5] of two machines that register one new id at once, one gets it', async () => {
    const { newKey, join } = stage();
    const [one, two] = [await newKey(), await newKey()];
    const results = await Promise.allSettled([join(one), join(two)]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  test('[S2] a registration whose reply was lost is repeated with the same key and join secret, and is not counted', async () => {
    const { newKey, join, tokens, records, devices } = stage();
    const key = await newKey({ max_uses: 1 });
    const lost = await join(key, { join_secret: SECRET });
    const again = await join(key, { join_secret: SECRET });
    expect(again.isNew).toBe(false);
    expect(records.all()[0]?.uses).toBe(1);
    expect(tokens.isTokenOf(`Bearer ${lost.token}`, 'x')).toBe(false);
    expect(tokens.isTokenOf(`Bearer ${again.token}`, 'x')).toBe(true);
    expect(JSON.stringify(devices.all())).not.toContain(SECRET);
    const other = await newKey();
    await expect(join(other, { join_secret: SECRET })).rejects.toMatchObject(refusedWith('device_exists'));
  });

  test('[S1] a machine that sends its valid token joins again with a new key in one step', async () => {
    const { newKey, join, tokens, devices } = stage();
    const { token, record } = await join(await newKey({ tags: ['rack4'] }), { name: 'First' });
    await devices.put({ ...record, last_seen: 7, name: 'Renamed', tags: ['rack4', 'db'] });
    const again = await join(await newKey({ tags: ['eu'] }), {}, { token });
    expect(again).toMatchObject({
      isNew: false,
      record: { name: 'Renamed', last_seen: 7, tags: ['rack4', 'db', 'eu'] },
    });
    expect(tokens.isTokenOf(`Bearer ${token}`, 'x')).toBe(false);
    const stranger = await join(await newKey(), { device_id: 'y' });
    await expect(join(await newKey(), {}, { token: stranger.token })).rejects.toMatchObject(
      refusedWith('device_exists'),
    );
  });

  test('[S5] one device joins again at most ten times a minute', async () => {
    const { newKey, join } = stage();
    const key = await newKey({ max_uses: 1 });
    for (let i = 0; i < 11; i++) await join(key, { join_secret: SECRET });
    await expect(join(key, { join_secret: SECRET })).rejects.toMatchObject({ status: 429 });
  });

  test('[S5] a stranger with a valid key cannot use up how often a device may join again', async () => {
    const { newKey, join } = stage();
    const key = await newKey({ max_uses: 1 });
    await join(key, { join_secret: SECRET });
    const other = await newKey();
    for (let i = 0; i < 20; i++)
      await expect(join(other)).rejects.toMatchObject(refusedWith('device_exists'));
    await expect(join(key, { join_secret: SECRET })).resolves.toMatchObject({ isNew: false });
  });
});

describe('an identity that was revoked or removed', () => {
  test('[S5] a revoked device comes back only with a key that was made for it', async () => {
    const { newKey, join, tokens, devices } = stage();
    const key = await newKey();
    const { token } = await join(key, { join_secret: SECRET });
    await tokens.revoke('x');
    for (const each of [key, await newKey()])
      await expect(join(each, { join_secret: SECRET }, { token })).rejects.toMatchObject(
        refusedWith('device_revoked'),
      );
    const ofAnother = await join(await newKey({ device_id: 'y' }), {}, { token });
    expect(ofAnother.record.id).toBe('y');
    expect(devices.get('x')?.token_hash).toBeNull();
    const back = await join(await newKey({ device_id: 'x' }));
    expect(back).toMatchObject({ isNew: false, record: { id: 'x', token_revoked_at: null } });
  });

  test('[S5] a removed device comes back with a key that was made after the removal', async () => {
    const { newKey, join, remove, removed, pass } = stage();
    const key = await newKey();
    await join(key, { join_secret: SECRET });
    await remove('x');
    await expect(join(key, { join_secret: SECRET })).rejects.toMatchObject(refusedWith('device_removed'));
    await join(key, { device_id: 'y' });
    pass(1);
    expect(await join(await newKey())).toMatchObject({ isNew: true });
    expect(removed.all()).toEqual([]);
  });

  test('[S5] a key made for a device gives its id to a machine that was installed anew, and to no other id', async () => {
    const { newKey, join, devices, tokens } = stage();
    const { token } = await join(await newKey());
    const key = await newKey({ device_id: 'x', max_uses: 1 });
    const { record } = await join(key, { device_id: 'another-id', hostname: 'new-disk' });
    expect(record).toMatchObject({ id: 'x', hostname: 'new-disk' });
    expect(devices.get('another-id')).toBeUndefined();
    expect(tokens.isTokenOf(`Bearer ${token}`, 'x')).toBe(false);
    await expect(join(key)).rejects.toMatchObject(refusedWith('invalid_enrollment_key'));
  });
});

describe('wrong keys', () => {
  test('[S5] wrong keys are refused with 401, then with 429, counted for an IPv6 network as a whole', async () => {
    const { newKey, join } = stage();
    const from = (i: number) => ({ address: `2001:db8:0:1::${(i + 1).toString(16)}` });
    for (let i = 0; i < 20; i++)
      await expect(join('wf_key_wrong', {}, from(i))).rejects.toMatchObject({ status: 401 });
    await expect(join('wf_key_wrong', {}, from(20))).rejects.toMatchObject({ status: 429 });
    await expect(join('wf_key_wrong', {}, { address: '2001:db8:0:2::1' })).rejects.toMatchObject({
      status: 401,
    });
    // A good key from the same network still works.
    await expect(join(await newKey(), {}, from(21))).resolves.toMatchObject({ isNew: true });
  });
});

describe('the key of a separation', () => {
  /** The device `x`, its token, and a key that makes another device than it. */
  async function separated() {
    const made = stage();
    const { token } = await made.join(await made.newKey());
    const key = await made.newKey({ max_uses: 1, tags: ['web'], separated_from: 'x' });
    return { ...made, token, key };
  }

  test('[F4] it makes one new device, for who shows the token of the old one', async () => {
    const { join, key, token, devices, tokens } = await separated();
    const asNew = { device_id: 'y', join_secret: SECRET };
    await expect(join(key, asNew)).rejects.toMatchObject(refusedWith('invalid_token'));
    await expect(join(key, asNew, { token: 'wrong' })).rejects.toMatchObject(refusedWith('invalid_token'));
    expect(await join(key, asNew, { token })).toMatchObject({
      isNew: true,
      record: { id: 'y', tags: ['web'] },
    });
    expect(tokens.authenticate(`Bearer ${token}`)).toBe('x');
    expect(devices.all()).toHaveLength(2);
  });

  test('[F4] a machine whose reply was lost joins with it as the same device once more, and nobody else does', async () => {
    const { join, key, token, devices } = await separated();
    await join(key, { device_id: 'y', join_secret: SECRET }, { token });
    expect(await join(key, { device_id: 'y', join_secret: SECRET }, { token })).toMatchObject({
      isNew: false,
    });
    await expect(join(key, { device_id: 'z', join_secret: SECRET }, { token })).rejects.toMatchObject(
      refusedWith('invalid_enrollment_key'),
    );
    expect(devices.all().map(({ id }) => id)).toEqual(['x', 'y']);
  });

  test('[F4] it takes nobody the old device, and makes none where the token was revoked', async () => {
    const { join, key, token, tokens } = await separated();
    await expect(join(key, {}, { token })).rejects.toMatchObject(refusedWith('device_exists'));
    await tokens.revoke('x');
    await expect(join(key, { device_id: 'y' }, { token })).rejects.toMatchObject(
      refusedWith('invalid_token'),
    );
  });
});
