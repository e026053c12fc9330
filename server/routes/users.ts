/** `/users`: list, add, change and remove the people who may sign in. */
import { user as userShape, userCreate, userPatch, usersReply, type User } from '#protocol/api.ts';
import { actorOf, type Audit } from '../auth/audit.ts';
import type { Passwords } from '../auth/password.ts';
import type { Sessions } from '../auth/sessions.ts';
import { ApiError } from '#protocol/errors.ts';
import { firstParam, Reply } from '../http/request.ts';
import { route, routeWithBody, type Route } from '../http/route.ts';
import type { Collection } from '../state/collection.ts';
import type { UserRecord } from '../state/records.ts';

export interface UserParts {
  readonly users: Collection<UserRecord>;
  readonly sessions: Sessions;
  readonly passwords: Passwords;
  readonly audit: Audit;
  /** Called after a user was removed. */
  readonly removed: (username: string) => void;
  readonly now: () => number;
}

const view = ({ id, role, created_at, last_login }: UserRecord): User => ({
  username: id,
  role,
  created_at,
  last_login,
});

export function userRoutes({ users, sessions, passwords, audit, removed, now }: UserParts): Route[] {
  function requireUser(name: string): UserRecord {
    const user = users.get(name);
    if (!user) throw new ApiError('unknown_item');
    return user;
  }
  const isLastAdmin = (user: UserRecord) =>
    user.role === 'admin' && users.all().filter(({ role }) => role === 'admin').length === 1;

  return [
    route({
      method: 'GET',
      path: '/users',
      access: 'admin',
      summary: 'All users.',
      reply: usersReply,
      handle: () => ({ users: users.all().map(view) }),
    }),
    routeWithBody({
      method: 'POST',
      path: '/users',
      access: 'admin',
      summary: 'Add a user.',
      body: userCreate,
      reply: userShape,
      status: 201,
      errors: ['user_exists'],
      async handle({ request, person, body }) {
        if (users.get(body.username)) throw new ApiError('user_exists');
        const password_hash = await passwords.hash(body.password);
        // While the password was hashed, another request may have added the same name.
        if (users.get(body.username)) throw new ApiError('user_exists');
        const user: UserRecord = {
          id: body.username,
          role: body.role,
          password_hash,
          created_at: now(),
          last_login: null,
        };
        await users.put(user);
        audit.record({
          ...actorOf(person, request),
          action: `added the user (${body.role})`,
          target: user.id,
        });
        return new Reply(201, view(user));
      },
    }),
    routeWithBody({
      method: 'PATCH',
      path: '/users/:username',
      access: 'admin',
      summary: "Change a user's role or password; ends the user's sessions.",
      body: userPatch,
      reply: userShape,
      errors: ['unknown_item', 'last_admin'],
      async handle({ request, person, body }) {
        const name = firstParam(request);
        requireUser(name);
        const password_hash = body.password === undefined ? undefined : await passwords.hash(body.password);
        const user = requireUser(name);
        if (body.role !== undefined && body.role !== 'admin' && isLastAdmin(user))
          throw new ApiError('last_admin');
        const changed: UserRecord = {
          ...user,
          role: body.role ?? user.role,
          password_hash: password_hash ?? user.password_hash,
        };
        await users.put(changed);
        if (changed.role !== user.role || password_hash !== undefined)
          sessions.endAll(name, person.sessionId);
        const changes = [
          body.role === undefined ? '' : `role ${body.role}`,
          password_hash === undefined ? '' : 'password',
        ];
        audit.record({
          ...actorOf(person, request),
          action: `changed ${changes.filter(Boolean).join(' and ')} of the user`,
          target: name,
        });
        return view(changed);
      },
    }),
    route({
      method: 'DELETE',
      path: '/users/:username',
      access: 'admin',
      summary: 'Remove a user; ends the user’s sessions.',
      errors: ['unknown_item', 'own_account', 'last_admin'],
      async handle({ request, person }) {
        const user = requireUser(firstParam(request));
        if (user.id === person.username) throw new ApiError('own_account');
        if (isLastAdmin(user)) throw new ApiError('last_admin');
        await users.remove(user.id);
        sessions.endAll(user.id);
        removed(user.id);
        audit.record({
          ...actorOf(person, request),
          action: 'removed the user',
          target: user.id,
        });
        return new Reply(204);
      },
    }),
  ];
}
