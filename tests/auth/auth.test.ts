import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createDeviceTokens } from '../../server/auth/device-tokens.ts';
import { createPasswords, generatePassword } from '../../server/auth/password.ts';
import { createSessionCookie, openSessionKey } from '../../server/auth/session-cookie.ts';
import { createSessions } from '../../server/auth/sessions.ts';
import type { DeviceRecord, SessionRecord, UserRecord } from '../../server/state/records.ts';
import { ownFolder } from '../state/folder.ts';
import { deviceRecordOf, memoryCollection } from '../state/memory-collection.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 0, 1);
const user = (id: string): UserRecord => ({
  id,
  role: 'viewer',
  password_hash: '',
  created_at: 1,
  last_login: null,
});

describe('sessions', () => {
  function stage() {
    let now = NOW;
    const ended: string[] = [];
    const records = memoryCollection<SessionRecord>();
    const users = memoryCollection<UserRecord>([user('ann'), user('bob')]);
    const parts = {
      sessions: records,
      users,
      days: 10,
      now: () => now,
      onEnd: (id: string) => ended.push(id),
    };
    const withKey = (byte: number) =>
      createSessions({
        ...parts,
        cookie: createSessionCookie({ of: 'person', key: Buffer.alloc(32, byte), now: parts.now }),
      });
    const sessions = withKey(1);
    return {
      sessions,
      records,
      users,
      ended,
      withKey,
      pass: (ms: number) => (now += ms),
      begin: (name = 'ann') => sessions.begin(name, { address: '1.2.3.4', agent: 'x'.repeat(500) }),
    };
  }
  const header = (cookie: string) => cookie.split(';')[0] ?? '';

  test('[S3] a session is found by its cookie, also among other cookies', async () => {
    const { sessions, begin } = stage();
    const { record, cookie } = await begin();
    const expected = { sessionId: record.id, username: 'ann', role: 'viewer', expiresAt: NOW + 10 * DAY };
    expect(await sessions.find(header(cookie))).toEqual(expected);
    expect(await sessions.find(`a=b; ${header(cookie)} ; c`)).toEqual(expected);
    expect(record.agent).toHaveLength(200);
    expect(await sessions.find('')).toBeUndefined();
    expect(await sessions.find(header(cookie).slice(0, -3))).toBeUndefined();
    expect(await sessions.find(header(cookie).replace('__Host-', ''))).toBeUndefined();
  });

  test('[S3] a cookie signed by another server is not valid', async () => {
    const { withKey, begin } = stage();
    expect(await withKey(2).find(header((await begin()).cookie))).toBeUndefined();
  });

  test('[S3] an unused session ends after the configured days', async () => {
    const { sessions, begin, pass } = stage();
    const { record, cookie } = await begin();
    pass(10 * DAY - 1000);
    expect(sessions.isAlive(record.id)).toBe(true);
    expect(await sessions.find(header(cookie))).toBeDefined();
    pass(1000);
    expect(sessions.isAlive(record.id)).toBe(false);
    expect(await sessions.find(header(cookie))).toBeUndefined();
    expect(sessions.list()).toEqual([]);
  });

  test('[S3] a session past half its time is prolonged with a new cookie', async () => {
    const { sessions, begin, pass } = stage();
    const { record, cookie } = await begin();
    pass(5 * DAY - 1);
    expect(await sessions.prolong(record.id)).toBeUndefined();
    pass(1);
    const longer = (await sessions.prolong(record.id)) ?? '';
    pass(9 * DAY);
    expect(await sessions.find(header(cookie))).toBeUndefined();
    expect((await sessions.find(header(longer)))?.expiresAt).toBe(NOW + 15 * DAY);
    expect(await sessions.prolong('no such')).toBeUndefined();
  });

  test('[S3] expired sessions are removed from the file at the next sign-in', async () => {
    const { begin, pass, records } = stage();
    await begin();
    pass(11 * DAY);
    await begin();
    expect(records.all()).toHaveLength(1);
  });

  test('[S4] a user has at most 100 sessions; a further sign-in ends the one that would expire first', async () => {
    const { begin, pass, records, ended } = stage();
    const { record: bob } = await begin('bob');
    const { record: first } = await begin();
    for (let i = 0; i < 100; i++) {
      pass(1);
      await begin();
    }
    expect(ended).toEqual([first.id]);
    expect(records.all()).toHaveLength(101);
    expect(records.get(bob.id)).toBeDefined();
  });

  test('[L5] endAll ends all sessions of a user but the named one, and reports each', async () => {
    const { sessions, begin, ended } = stage();
    const [one, two, bob] = [await begin(), await begin(), await begin('bob')];
    await sessions.endAll('ann', two.record.id);
    expect(ended).toEqual([one.record.id]);
    expect(sessions.list().map(({ id }) => id)).toEqual([two.record.id, bob.record.id]);
    await sessions.endAll('ann');
    expect(await sessions.find(header(two.cookie))).toBeUndefined();
    expect(await sessions.find(header(bob.cookie))).toBeDefined();
  });

  test('[S3] a session has the current role of its user, and ends when the user is removed', async () => {
    const { sessions, begin, users } = stage();
    const { cookie } = await begin();
    await users.put({ ...user('ann'), role: 'admin' });
    expect((await sessions.find(header(cookie)))?.role).toBe('admin');
    await users.remove('ann');
    expect(await sessions.find(header(cookie))).toBeUndefined();
  });

  test('[S3] the signing key is made once with mode 0600; a damaged key file says what to do', async () => {
    const path = join(ownFolder(), 'session.key');
    const key = await openSessionKey(path);
    expect(key).toHaveLength(32);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await openSessionKey(path)).toEqual(key);
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 20));
    await expect(openSessionKey(path)).rejects.toThrow(/session\.key is damaged: delete it/);
  });
});

describe('passwords', () => {
  const PLACE = { known: false, network: '1.2.3.4' };

  test('[S2] a password is hashed with argon2id and a salt, and verified', async () => {
    const passwords = createPasswords();
    const [a, b] = [await passwords.hash('secret word'), await passwords.hash('secret word')];
    expect(a).toMatch(/^\$argon2id\$/);
    expect(a).not.toBe(b);
    expect(await passwords.verify(a, 'secret word', PLACE)).toBe(true);
    expect(await passwords.verify(a, 'secret wor', PLACE)).toBe(false);
  });

  test('[S2] a password of an unknown user takes a verification as well, and is never right', async () => {
    const passwords = createPasswords();
    const hash = await passwords.hash('x');
    const costOf = async (against: string | undefined) => {
      await passwords.verify(against, 'y', PLACE);
      const before = process.cpuUsage();
      for (let i = 0; i < 5; i++) expect(await passwords.verify(against, 'y', PLACE)).toBe(false);
      return process.cpuUsage(before).user;
    };
    // Without a verification it would take about a thousandth of the time.
    expect(await costOf(undefined)).toBeGreaterThan((await costOf(hash)) / 4);
  });

  test('[S2] generated passwords have no look-alike characters and differ', () => {
    const passwords = Array.from({ length: 50 }, generatePassword);
    expect(new Set(passwords).size).toBe(50);
    for (const password of passwords)
      expect(password).toMatch(/^([a-km-zA-HJ-NP-Z2-9]{5}-){3}[a-km-zA-HJ-NP-Z2-9]{5}$/);
  });
});

describe('device tokens', () => {
  function stage() {
    const devices = memoryCollection<DeviceRecord>([deviceRecordOf('a'), deviceRecordOf('b')]);
    return { devices, tokens: createDeviceTokens(devices, () => NOW) };
  }

  test('[S2] only the hash of a device token is stored, and only the newest token works', async () => {
    const { devices, tokens } = stage();
    const { token: first } = await tokens.issue(deviceRecordOf('a'));
    expect(tokens.authenticate(`Bearer ${first}`)).toBe('a');
    expect(JSON.stringify(devices.all())).not.toContain(first.slice(10));
    const { token: second } = await tokens.issue(deviceRecordOf('a'));
    expect(() => tokens.authenticate(`Bearer ${first}`)).toThrow('missing, unknown or revoked');
    expect(tokens.authenticate(`Bearer ${second}`)).toBe('a');
    expect(createDeviceTokens(devices, () => NOW).authenticate(`Bearer ${second}`)).toBe('a');
  });

  test('[I3] the scheme of the Authorization header may be written in small letters', async () => {
    const { tokens } = stage();
    const { token } = await tokens.issue(deviceRecordOf('a'));
    expect(tokens.authenticate(`bearer ${token}`)).toBe('a');
    expect(tokens.isTokenOf(`BEARER ${token}`, 'a')).toBe(true);
    for (const wrong of ['', 'bearer', token, `Basic ${token}`, `Bearer${token}`, `Bearer ${token} `])
      expect(() => tokens.authenticate(wrong)).toThrow('missing, unknown or revoked');
  });

  test('[I3] the token of a revoked or removed device does not work', async () => {
    const { devices, tokens } = stage();
    const { token: a } = await tokens.issue(deviceRecordOf('a'));
    const { token: b } = await tokens.issue(deviceRecordOf('b'));
    await tokens.revoke('a');
    expect(devices.get('a')).toMatchObject({ token_hash: null, token_revoked_at: NOW });
    await devices.remove('b');
    for (const token of [a, b]) expect(() => tokens.authenticate(`Bearer ${token}`)).toThrow();
    expect(tokens.isTokenOf(`Bearer ${a}`, 'a')).toBe(false);
    await expect(tokens.revoke('ghost')).rejects.toMatchObject({ code: 'unknown_device' });
  });
});
