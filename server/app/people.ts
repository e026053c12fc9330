/** People: the users who may sign in, their passwords and their sessions. */
import { join } from 'node:path';
import { createAudit } from '../auth/audit.ts';
import { createLoginLimits } from '../auth/login-limits.ts';
import { createPasswords, generatePassword, type Passwords } from '../auth/password.ts';
import { createSessionCookie, openSessionKey } from '../auth/session-cookie.ts';
import { createSessions } from '../auth/sessions.ts';
import { networkOf } from '../http/address.ts';
import { accountRoutes } from '../routes/account.ts';
import { userRoutes } from '../routes/users.ts';
import { createNotifier, type Base } from './base.ts';

/**
 * Where the password of `admin` comes from: `generated` by this first start, to be shown once; `configured`
 * in the settings of this first start; or `unchanged` since an earlier start.
 */
export type AdminPassword =
  | { readonly kind: 'generated'; readonly password: string }
  | { readonly kind: 'configured' }
  | { readonly kind: 'unchanged' };

/** Whether there are no users yet. */
export function isFirstStart({ users }: Base['state']): boolean {
  return users.all().length === 0;
}

/** Adds the administrator `admin` when there are no users yet. */
async function addFirstAdmin({ state, config, clock }: Base, passwords: Passwords): Promise<AdminPassword> {
  if (!isFirstStart(state)) return { kind: 'unchanged' };
  const password = config.adminPassword ?? generatePassword();
  const password_hash = await passwords.hash(password);
  await state.users.put({
    id: 'admin',
    role: 'admin',
    password_hash,
    created_at: clock.now(),
    last_login: null,
  });
  return config.adminPassword === undefined ? { kind: 'generated', password } : { kind: 'configured' };
}

export async function openPeople(base: Base) {
  const { config, state } = base;
  const { users } = state;
  const { now } = base.clock;
  const sessionEnded = createNotifier<string>();
  const userRemoved = createNotifier<string>();
  const passwords = createPasswords();
  const audit = createAudit({
    administrators: state.audit,
    others: state.auditOthers,
    clock: base.clock,
    networkOf,
  });
  const adminPassword = await addFirstAdmin(base, passwords);
  const key = await openSessionKey(join(config.data, 'session.key'));
  const cookie = createSessionCookie({ of: 'person', key, now });
  const sessions = createSessions({
    sessions: state.sessions,
    users,
    cookie,
    days: config.sessionDays,
    now,
    onEnd: sessionEnded.notify,
  });
  const limits = createLoginLimits({ sessions: sessions.list, networkOf });
  return {
    audit,
    sessions,
    /** The cookies of displays are signed with the same key. */
    displayCookie: createSessionCookie({ of: 'display', key, now }),
    /** Notified with the id of each session that is ended before it expires. */
    sessionEnded,
    /** Notified with the name of a user who was removed. */
    userRemoved,
    adminPassword,
    routes: [
      ...accountRoutes({ users, sessions, clearCookie: cookie.clear, passwords, limits, audit, now }),
      ...userRoutes({ users, sessions, passwords, audit, removed: userRemoved.notify, now }),
    ],
    stop: audit.stop,
  };
}

export type People = Awaited<ReturnType<typeof openPeople>>;
