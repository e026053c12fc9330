import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditReply, me, sessionsReply, usersReply } from '#protocol/api.ts';
import type { Client } from '../e2e/client.ts';
import { errorOf, openStage, PASSWORD, type Stage } from './stage.ts';

let stage: Stage;
let nextAddress = 20;
/** A client from a new address, so that one test's wrong passwords do not count in another. */
const newClient = () => stage.client(`127.0.0.${nextAddress++}`);
const OTHER_PASSWORD = 'a password of a viewer';

beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

async function signedIn(username: string, password = OTHER_PASSWORD): Promise<Client> {
  const client = newClient();
  const answer = await client.login(username, password);
  if (answer.status !== 200) throw new Error(answer.text);
  return client;
}
async function addUser(username: string, role: string): Promise<Client> {
  const answer = await stage.admin.ask('POST', '/users', {
    body: { username, password: OTHER_PASSWORD, role },
  });
  expect(answer.status).toBe(201);
  return signedIn(username);
}
const wrongLogin = (client: Client, username = 'admin') => client.login(username, 'not the password');

describe('sign-in', () => {
  it('[S3] a sign-in answers the user and sets a cookie that scripts cannot read', async () => {
    const client = newClient();
    const answer = await client.login('admin', PASSWORD);
    expect(answer.as(me)).toMatchObject({ user: { username: 'admin', role: 'admin' } });
    const cookie = answer.headers['set-cookie']?.[0] ?? '';
    expect(cookie).toMatch(/^__Host-watchfloor=/);
    for (const part of ['HttpOnly', 'Secure', 'SameSite=Strict', 'Path=/', 'Max-Age=25'])
      expect(cookie).toContain(part);
    expect((await client.ask('GET', '/auth/me')).as(me).user).toEqual({ username: 'admin', role: 'admin' });
  });

  it.each([
    ['a wrong password', 'admin', 'not the password'],
    ['an unknown user', 'nobody', PASSWORD],
    ['an empty password', 'admin', ''],
    ['the name "__proto__"', '__proto__', PASSWORD],
  ])(
    '[S2] a sign-in with %s is refused with 401 and always the same message',
    async (_, username, password) => {
      const answer = await newClient().login(username, password);
      expect(errorOf(answer)).toMatchObject({
        status: 401,
        code: 'wrong_credentials',
        message: 'The user name or the password is wrong.',
      });
      expect(answer.headers['set-cookie']).toBeUndefined();
    },
  );

  it.each([
    ['no password', { username: 'admin' }, 'password'],
    ['a password of 1000 characters', { username: 'admin', password: 'x'.repeat(1000) }, 'password'],
    ['a list as its body', [], ''],
  ])('[I4] a sign-in with %s is refused with 422', async (_, body, path) => {
    const error = errorOf(await newClient().ask('POST', '/auth/login', { body }));
    expect(error).toMatchObject({ status: 422, code: 'invalid_body' });
    expect(error.details?.[0]?.path).toBe(path);
  });

  it('[S2] after five wrong passwords an address gets 429, but another address does not', async () => {
    const guesser = newClient();
    const answers = [];
    for (let i = 0; i < 6; i++) answers.push(await wrongLogin(guesser));
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 429]);
    const wait = Number(answers[5]?.headers['retry-after']);
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);
    // Even the right password is now refused, so a guesser does not learn that it is right.
    expect((await guesser.login('admin', PASSWORD)).status).toBe(429);
    expect((await newClient().login('admin', PASSWORD)).status).toBe(200);
  });

  it('[S2] sign-in attempts from one address over many accounts are limited as well', async () => {
    const guesser = newClient();
    const answers = await Promise.all(Array.from({ length: 31 }, (_, i) => wrongLogin(guesser, `user${i}`)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 429)).toHaveLength(1);
    expect(statuses.filter((status) => status === 401)).toHaveLength(30);
  });

  it('[S2] a successful sign-in clears the count of wrong passwords', async () => {
    const clumsy = newClient();
    for (let i = 0; i < 4; i++) await wrongLogin(clumsy);
    expect((await clumsy.login('admin', PASSWORD)).status).toBe(200);
    for (let i = 0; i < 4; i++) expect((await wrongLogin(clumsy)).status).toBe(401);
  });
});

describe('floods of sign-ins', () => {
  it('[S5] while 40 addresses guess at once, the owner signs in from a new address', async () => {
    const guessers = Array.from({ length: 40 }, (_, i) => stage.client(`127.0.1.${i + 1}`));
    const owner = stage.client('127.0.2.1');
    const guesses = guessers.map((guesser, i) => wrongLogin(guesser, i % 2 === 0 ? 'admin' : `user${i}`));
    const [signIn, ...refused] = await Promise.all([owner.login('admin', PASSWORD), ...guesses]);
    expect(signIn.status).toBe(200);
    expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([401]));
  });
});

describe('session cookies', () => {
  const ask = (value: string) =>
    stage.client().ask('GET', '/auth/me', { headers: { cookie: `__Host-watchfloor=${value}` } });
  const sessionId = async () =>
    (await stage.admin.ask('GET', '/sessions')).as(sessionsReply).sessions.find(({ current }) => current)
      ?.id ?? '';
  const token = (id: string) =>
    new SignJWT({})
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer('watchfloor')
      .setJti(id)
      .setSubject('admin');
  const signingKey = async () =>
    Buffer.from(await readFile(join(stage.data, 'session.key'), 'utf8'), 'base64url');

  it('[S3] a cookie signed with another key is refused with 401', async () => {
    const forged = await token(await sessionId())
      .setExpirationTime('1h')
      .sign(Buffer.alloc(32, 7));
    expect(errorOf(await ask(forged))).toMatchObject({ status: 401, code: 'not_signed_in' });
  });

  it('[S3] a cookie with "alg": "none" is refused with 401', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { iss: 'watchfloor', jti: await sessionId(), sub: 'admin', exp: 4_000_000_000 };
    expect((await ask(`${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.`)).status).toBe(401);
  });

  it('[S3] an expired cookie with a valid signature is refused with 401', async () => {
    const expired = await token(await sessionId())
      .setExpirationTime('-1s')
      .sign(await signingKey());
    expect((await ask(expired)).status).toBe(401);
    const valid = await token(await sessionId())
      .setExpirationTime('1h')
      .sign(await signingKey());
    expect((await ask(valid)).status).toBe(200);
  });

  it('[S3] a cookie of another issuer, or of no existing session, is refused with 401', async () => {
    const foreign = await token(await sessionId())
      .setIssuer('else')
      .setExpirationTime('1h')
      .sign(await signingKey());
    const unknown = await token('no-such')
      .setExpirationTime('1h')
      .sign(await signingKey());
    expect((await ask(foreign)).status).toBe(401);
    expect((await ask(unknown)).status).toBe(401);
  });

  it.each(['', 'x', '..', 'a.b.c', '%00', `${'A'.repeat(3000)}.B.C`])(
    '[S3] rubbish as a cookie (%#) is refused with 401',
    async (value) => {
      expect((await ask(value)).status).toBe(401);
    },
  );

  it('[S3] a cookie does not work after signing out', async () => {
    const client = await signedIn('admin', PASSWORD);
    const out = await client.ask('POST', '/auth/logout');
    expect(out.status).toBe(204);
    expect(out.headers['set-cookie']?.[0]).toContain('Max-Age=0');
    expect((await client.ask('GET', '/auth/me')).status).toBe(401);
    expect((await stage.client().ask('POST', '/auth/logout')).status).toBe(204);
  });

  it('[S3] a cookie still works after a restart of the server', async () => {
    await stage.restart();
    expect((await stage.admin.ask('GET', '/auth/me')).status).toBe(200);
  });
});

describe('requests from other sites', () => {
  it.each([
    ['another site', 'https://evil.example'],
    ['a page of the same host on another port', 'https://localhost:1'],
    ['a sandboxed page', 'null'],
    ['a page with a nonsense origin', 'x'],
  ])('[S3] %s cannot change anything with the visitor’s cookie', async (_, origin) => {
    const headers = { origin };
    for (const [method, path] of [
      ['POST', '/auth/login'],
      ['POST', '/auth/logout'],
      ['POST', '/enrollment-keys'],
      ['PATCH', '/devices/x'],
      ['DELETE', '/users/admin'],
    ] as const)
      expect(errorOf(await stage.admin.ask(method, path, { headers, body: {} }))).toMatchObject({
        status: 403,
        code: 'foreign_origin',
      });
    expect((await stage.admin.ask('GET', '/auth/me')).status).toBe(200);
  });

  it('[S3] a page of the server itself may change things', async () => {
    const headers = { origin: stage.server().url };
    const answer = await stage.admin.ask('POST', '/enrollment-keys', { headers, body: {} });
    expect(answer.status).toBe(201);
  });
});

describe('roles', () => {
  it('[S3] viewers and displays may read but not administer; displays cannot read the status', async () => {
    const viewer = await addUser('watcher', 'viewer');
    const display = await addUser('wall', 'display');
    await stage.device('shown');
    for (const client of [viewer, display])
      for (const path of ['/devices', '/devices/shown', '/devices/shown/metrics', '/alerts', '/alert-rules'])
        expect((await client.ask('GET', path)).status).toBe(200);
    expect((await viewer.ask('GET', '/status')).status).toBe(200);
    expect((await display.ask('GET', '/status')).status).toBe(403);
    for (const [method, path] of [
      ['GET', '/users'],
      ['POST', '/users'],
      ['PATCH', '/users/watcher'],
      ['DELETE', '/users/admin'],
      ['GET', '/enrollment-keys'],
      ['POST', '/enrollment-keys'],
      ['DELETE', '/enrollment-keys/x'],
      ['PATCH', '/devices/shown'],
      ['DELETE', '/devices/shown'],
      ['POST', '/devices/shown/token'],
      ['DELETE', '/devices/shown/token'],
      ['POST', '/alert-rules'],
      ['PATCH', '/alert-rules/x'],
      ['DELETE', '/alert-rules/x'],
      ['GET', '/audit'],
    ] as const)
      for (const client of [viewer, display])
        expect(errorOf(await client.ask(method, path, { body: {} }))).toMatchObject({
          status: 403,
          code: 'forbidden',
        });
  });

  it('[S3] nothing can be read without signing in', async () => {
    for (const path of [
      '/devices',
      '/devices/x',
      '/devices/x/metrics',
      '/alerts',
      '/users',
      '/status',
      '/sessions',
    ])
      expect(errorOf(await stage.client().ask('GET', path))).toMatchObject({
        status: 401,
        code: 'not_signed_in',
      });
  });

  it('[S3] viewers see and end only their own sessions', async () => {
    const viewer = await addUser('private', 'viewer');
    const mine = (await viewer.ask('GET', '/sessions')).as(sessionsReply).sessions;
    expect(mine).toMatchObject([{ username: 'private', current: true }]);
    const all = (await stage.admin.ask('GET', '/sessions')).as(sessionsReply).sessions;
    const adminSession = all.find(({ username }) => username === 'admin')?.id ?? '';
    expect((await viewer.ask('DELETE', `/sessions/${adminSession}`)).status).toBe(404);
    expect((await stage.admin.ask('DELETE', `/sessions/${mine[0]?.id}`)).status).toBe(204);
    expect((await viewer.ask('GET', '/auth/me')).status).toBe(401);
  });
});

describe('users', () => {
  it('[S3] the last administrator cannot be demoted, and nobody can remove their own account', async () => {
    const demoted = await stage.admin.ask('PATCH', '/users/admin', { body: { role: 'viewer' } });
    expect(errorOf(demoted)).toMatchObject({ status: 409, code: 'last_admin' });
    const removed = await stage.admin.ask('DELETE', '/users/admin');
    expect(errorOf(removed)).toMatchObject({ status: 409, code: 'own_account' });
    expect((await stage.admin.ask('GET', '/users')).as(usersReply).users[0]).toMatchObject({
      username: 'admin',
      role: 'admin',
    });
  });

  it('[S3] changing the role or password of a user, or removing the user, ends the sessions', async () => {
    for (const change of [{ role: 'display' }, { password: 'quite another password' }]) {
      const name = `changed-${Object.keys(change)[0]}`;
      const client = await addUser(name, 'viewer');
      expect((await stage.admin.ask('PATCH', `/users/${name}`, { body: change })).status).toBe(200);
      expect((await client.ask('GET', '/auth/me')).status).toBe(401);
    }
    const client = await addUser('removed', 'viewer');
    expect((await stage.admin.ask('DELETE', '/users/removed')).status).toBe(204);
    expect((await client.ask('GET', '/auth/me')).status).toBe(401);
    expect((await newClient().login('removed', OTHER_PASSWORD)).status).toBe(401);
  });

  it.each<[string, object, number, string]>([
    ['a short password', { username: 'x', password: 'short', role: 'viewer' }, 422, 'password'],
    ['an unknown role', { username: 'x', password: OTHER_PASSWORD, role: 'god' }, 422, 'role'],
    ['a name with HTML', { username: '<b>x</b>', password: OTHER_PASSWORD, role: 'viewer' }, 422, 'username'],
    ['an unknown field', { username: 'x', password: OTHER_PASSWORD, role: 'viewer', admin: true }, 422, ''],
    ['a name that is taken', { username: 'admin', password: OTHER_PASSWORD, role: 'viewer' }, 409, ''],
  ])('[I4] a new user with %s is refused', async (_, body, status, path) => {
    const error = errorOf(await stage.admin.ask('POST', '/users', { body }));
    expect(error.status).toBe(status);
    expect(error.details?.[0]?.path ?? '').toBe(path);
  });

  it('[S3] an unknown user or session is answered with 404', async () => {
    expect((await stage.admin.ask('DELETE', '/users/ghost')).status).toBe(404);
    expect((await stage.admin.ask('PATCH', '/users/ghost', { body: {} })).status).toBe(404);
    expect((await stage.admin.ask('DELETE', '/sessions/ghost')).status).toBe(404);
  });

  it('[S3] a user who is removed while signing in stays removed', async () => {
    await addUser('racer', 'viewer');
    const late = newClient();
    await late.ask('GET', '/healthz');
    // These guesses wait in front of the sign-in, so the user is removed before its password is verified.
    const guesses = Array.from({ length: 5 }, (_, i) => wrongLogin(late, `nobody${i}`));
    const [login] = await Promise.all([
      late.login('racer', OTHER_PASSWORD),
      stage.admin.ask('DELETE', '/users/racer'),
    ]);
    await Promise.all(guesses);
    expect(login.status).toBe(401);
    expect((await late.ask('GET', '/auth/me')).status).toBe(401);
    const { users } = (await stage.admin.ask('GET', '/users')).as(usersReply);
    expect(users.map(({ username }) => username)).not.toContain('racer');
  });

  it('[S3] a password change that runs while the user is demoted does not restore the old role', async () => {
    const client = await addUser('demoted', 'admin');
    await Promise.all([
      client.ask('POST', '/auth/password', {
        body: { current: OTHER_PASSWORD, password: 'quite another password' },
      }),
      stage.admin.ask('PATCH', '/users/demoted', { body: { role: 'viewer' } }),
    ]);
    const { users } = (await stage.admin.ask('GET', '/users')).as(usersReply);
    expect(users.find(({ username }) => username === 'demoted')?.role).toBe('viewer');
  });
});

describe('password change', () => {
  it('[S3] a password change needs the current password and ends all other sessions', async () => {
    const here = await addUser('changer', 'viewer');
    const there = await signedIn('changer');
    const ask = (current: string, password: string) =>
      here.ask('POST', '/auth/password', { body: { current, password } });
    const wrong = errorOf(await ask('not it, surely', 'the new password'));
    expect(wrong).toMatchObject({ status: 422, details: [{ path: 'current' }] });
    expect(errorOf(await ask(OTHER_PASSWORD, 'short')).details?.[0]?.path).toBe('password');
    expect((await ask(OTHER_PASSWORD, 'the new password')).status).toBe(204);
    expect((await here.ask('GET', '/auth/me')).status).toBe(200);
    expect((await there.ask('GET', '/auth/me')).status).toBe(401);
    expect((await newClient().login('changer', OTHER_PASSWORD)).status).toBe(401);
    expect((await newClient().login('changer', 'the new password')).status).toBe(200);
  });
});

describe('audit log', () => {
  it('[S4] the audit log lists who did what from where, newest first, without secrets', async () => {
    const client = newClient();
    await client.login('admin', PASSWORD);
    await client.ask('POST', '/users', {
      body: { username: 'noted', password: OTHER_PASSWORD, role: 'viewer' },
    });
    const answer = await stage.admin.ask('GET', '/audit');
    const { entries } = answer.as(auditReply);
    expect(entries.slice(0, 2)).toMatchObject([
      { actor: 'admin', action: 'added the user (viewer)', target: 'noted' },
      { actor: 'admin', action: 'signed in', target: 'admin' },
    ]);
    expect(entries[0]?.address).toMatch(/^127\.0\.0\.\d+$/);
    expect(answer.text).not.toContain(OTHER_PASSWORD);
    expect(answer.text).not.toContain(PASSWORD);
  });

  it('[S4] refused sign-ins are counted, and a password typed in the place of the name is not written down', async () => {
    const clumsy = newClient();
    for (let i = 0; i < 3; i++) await wrongLogin(clumsy, OTHER_PASSWORD);
    await wrongLogin(clumsy);
    const answer = await stage.admin.ask('GET', '/audit');
    expect(answer.as(auditReply).entries.slice(0, 2)).toMatchObject([
      { by: 'stranger', action: 'sign-in refused', target: 'admin', count: 1 },
      { by: 'stranger', action: 'sign-in refused', target: 'an unknown user', count: 3 },
    ]);
    expect(answer.text).not.toContain(OTHER_PASSWORD);
  });

  it('[S4] no state file contains a secret', async () => {
    for (const name of ['users', 'sessions', 'enrollment-keys', 'audit']) {
      const text = await readFile(join(stage.data, `${name}.json`), 'utf8');
      for (const secret of [PASSWORD, OTHER_PASSWORD, 'wf_key_', 'wf_device_'])
        expect(text).not.toContain(secret);
    }
  });
});

describe('preferences', () => {
  it('what a person prefers is kept with the account, one at a time, and comes with every sign-in', async () => {
    const client = await addUser('reader', 'viewer');
    expect((await client.ask('GET', '/auth/me')).as(me).preferences).toBeNull();
    await client.ask('PATCH', '/auth/preferences', { body: { language: 'de' } });
    await client.ask('PATCH', '/auth/preferences', { body: { time_zone: 'Asia/Kathmandu' } });
    const other = await signedIn('reader');
    expect((await other.ask('GET', '/auth/me')).as(me).preferences).toEqual({
      language: 'de',
      time_zone: 'Asia/Kathmandu',
      clock: '24',
      bytes: 'binary',
      network: 'bits',
      temperature: 'celsius',
      motion: 'system',
    });
  });

  it('a time zone that does not exist is refused by name, and nothing of that request is kept', async () => {
    const client = await addUser('traveller', 'viewer');
    const body = { language: 'de', time_zone: 'Europe/Atlantis' };
    const refused = errorOf(await client.ask('PATCH', '/auth/preferences', { body }));
    expect(refused).toMatchObject({ status: 422, details: [{ path: 'time_zone' }] });
    expect((await client.ask('GET', '/auth/me')).as(me).preferences).toBeNull();
  });
});
