/** `/auth/*` and `/sessions`: sign in and out, change one's own password and preferences, list and end sessions. */
import { loginRequest, me, passwordRequest, sessionsReply, type Me, type Role } from '#protocol/api.ts';
import { preferences, preferencesPatch } from '#protocol/preferences.ts';
import { actorOf, type Audit } from '../auth/audit.ts';
import type { LoginLimits } from '../auth/login-limits.ts';
import type { Passwords } from '../auth/password.ts';
import type { Sessions } from '../auth/sessions.ts';
import { ApiError } from '#protocol/errors.ts';
import { firstParam, Reply } from '../http/request.ts';
import { route, routeWithBody, type Route } from '../http/route.ts';
import type { Collection } from '../state/collection.ts';
import type { UserRecord } from '../state/records.ts';

export interface AccountParts {
  readonly users: Collection<UserRecord>;
  readonly sessions: Sessions;
  /** The Set-Cookie value that removes the session's cookie. */
  readonly clearCookie: string;
  readonly passwords: Passwords;
  readonly limits: LoginLimits;
  readonly audit: Audit;
  readonly now: () => number;
}

export function accountRoutes(parts: AccountParts): Route[] {
  const { users, sessions, clearCookie, passwords, limits, audit, now } = parts;
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const meOf = (signedIn: { username: string; role: Role; expiresAt: number }): Me => {
    const { username, role, expiresAt } = signedIn;
    return {
      user: { username, role },
      expires_at: expiresAt,
      preferences: users.get(username)?.preferences ?? null,
      time_zone: timeZone,
    };
  };

  return [
    routeWithBody({
      method: 'POST',
      path: '/auth/login',
      access: 'public',
      summary: 'Sign in; sets the session cookie.',
      body: loginRequest,
      reply: me,
      errors: ['wrong_credentials', 'too_many_attempts'],
      async handle({ request, body }) {
        const { address } = request;
        const place = await limits.attempt(body.username, address);
        const user = users.get(body.username);
        if (!(await passwords.verify(user?.password_hash, body.password, place)) || !user) {
          // The name of no user is not written down: people also type their password there.
          const target = user?.id ?? 'an unknown user';
          audit.record({ by: 'stranger', actor: 'stranger', address, action: 'sign-in refused', target });
          throw new ApiError('wrong_credentials');
        }
        await limits.succeeded(body.username, address);
        const { record, cookie } = await sessions.begin(user.id, {
          address,
          agent: request.header('user-agent'),
        });
        // Meanwhile the account may have been removed or got another password. Both end its sessions, but not
        // the one that was just begun.
        const current = users.get(user.id);
        if (current?.password_hash !== user.password_hash) {
          sessions.end(record.id);
          throw new ApiError('wrong_credentials');
        }
        users.keep({ ...current, last_login: now() });
        audit.record({
          ...actorOf({ username: user.id, role: current.role }, request),
          action: 'signed in',
          target: user.id,
        });
        const signedIn = meOf({ username: user.id, role: current.role, expiresAt: record.expires_at });
        return new Reply(200, signedIn, { 'set-cookie': cookie });
      },
    }),
    route({
      method: 'POST',
      path: '/auth/logout',
      access: 'public',
      summary: 'End this session.',
      async handle({ request }) {
        const session = await sessions.find(request.header('cookie'));
        if (session) sessions.end(session.sessionId);
        return new Reply(204, undefined, { 'set-cookie': clearCookie });
      },
    }),
    route({
      method: 'GET',
      path: '/auth/me',
      access: 'display',
      forDisplayLinks: true,
      summary: 'Who is signed in. Prolongs a session with less than half its time left.',
      reply: me,
      async handle({ person }) {
        const cookie = await sessions.prolong(person.sessionId);
        return new Reply(200, meOf(person), cookie === undefined ? {} : { 'set-cookie': cookie });
      },
    }),
    routeWithBody({
      method: 'PATCH',
      path: '/auth/preferences',
      access: 'viewer',
      summary: 'Change how one wants to read: language, time zone, units.',
      body: preferencesPatch,
      reply: preferences,
      async handle({ person, body }) {
        const user = users.get(person.username);
        if (!user) throw new ApiError('not_signed_in');
        const chosen = preferences.parse({ ...user.preferences, ...body });
        await users.put({ ...user, preferences: chosen });
        return chosen;
      },
    }),
    routeWithBody({
      method: 'POST',
      path: '/auth/password',
      access: 'viewer',
      summary: "Change one's own password; ends one's other sessions.",
      body: passwordRequest,
      errors: ['too_many_attempts'],
      async handle({ request, person, body }) {
        const user = users.get(person.username);
        const place = await limits.attempt(person.username, request.address);
        if (!user || !(await passwords.verify(user.password_hash, body.current, { ...place, known: true })))
          throw new ApiError('invalid_body', {
            message: 'The current password is wrong.',
            details: [{ path: 'current', message: 'is wrong' }],
          });
        await limits.succeeded(person.username, request.address);
        const password_hash = await passwords.hash(body.password);
        // While the password was hashed, the account may have been removed or got another role or password.
        const current = users.get(person.username);
        if (current?.password_hash !== user.password_hash) throw new ApiError('not_signed_in');
        await users.put({ ...current, password_hash });
        sessions.endAll(person.username, person.sessionId);
        audit.record({
          ...actorOf(person, request),
          action: 'changed the password',
          target: person.username,
        });
        return new Reply(204);
      },
    }),
    route({
      method: 'GET',
      path: '/sessions',
      access: 'viewer',
      summary: "One's own sessions; an administrator sees everybody's.",
      reply: sessionsReply,
      handle: ({ person }) => ({
        sessions: sessions
          .list()
          .filter(({ username }) => person.role === 'admin' || username === person.username)
          .map((session) => ({ ...session, current: session.id === person.sessionId })),
      }),
    }),
    route({
      method: 'DELETE',
      path: '/sessions/:id',
      access: 'viewer',
      summary: 'End a session.',
      errors: ['unknown_item'],
      async handle({ request, person }) {
        const session = sessions.list().find(({ id }) => id === firstParam(request));
        if (!session || (person.role !== 'admin' && session.username !== person.username))
          throw new ApiError('unknown_item');
        sessions.end(session.id);
        audit.record({
          ...actorOf(person, request),
          action: 'ended a session',
          target: session.username,
        });
        return new Reply(204);
      },
    }),
  ];
}
