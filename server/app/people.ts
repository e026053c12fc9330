/** People: who may sign in, with which password, and the sessions they have. */
import { join } from 'node:path';
import { createAudit } from '../auth/audit.ts';
import { createLoginLimits } from '../auth/login-limits.ts';
import { createPasswords, generatePassword, type Passwords } from '../auth/password.ts';
import { createSessions, openSessionKey } from '../auth/sessions.ts';
import { accountRoutes } from '../routes/account.ts';
import { userRoutes } from '../routes/users.ts';
import { createHappening, type Base } from './base.ts';

/**
 * Where the password of `admin` comes from: made by this start, to be shown once; set for this first start; or there
 * since an earlier one.
 */
export type AdminPassword =
  | { readonly kind: 'generated'; readonly password: string }
  | { readonly kind: 'given' }
  | { readonly kind: 'kept' };

/** Whether nobody can sign in yet. */
export function isFirstStart({ users }: Base['state']): boolean {
  return users.all().length === 0;
}

/** Adds the first administrator where there is nobody. */
async function addFirstAdmin({ state, config, clock }: Base, passwords: Passwords): Promise<AdminPassword> {
  if (!isFirstStart(state)) return { kind: 'kept' };
  const password = config.adminPassword ?? generatePassword();
  const password_hash = await passwords.hash(password);
  await state.users.put({
    id: 'admin',
    role: 'admin',
    password_hash,
    created_at: clock.now(),
    last_login: null,
  });
  return config.adminPassword === undefined ? { kind: 'generated', password } : { kind: 'given' };
}

export async function openPeople(base: Base) {
  const { config, state, notSaved } = base;
  const { users } = state;
  const { now } = base.clock;
  const sessionEnded = createHappening<string>();
  const passwords = createPasswords();
  const audit = createAudit(state.audit, now, notSaved);
  const adminPassword = await addFirstAdmin(base, passwords);
  const sessions = createSessions({
    sessions: state.sessions,
    users,
    key: await openSessionKey(join(config.data, 'session.key')),
    days: config.sessionDays,
    now,
    onEnd: sessionEnded.tell,
  });
  return {
    audit,
    sessions,
    /** The id of each session that was ended before its time. */
    sessionEnded,
    adminPassword,
    routes: [
      ...accountRoutes({ users, sessions, passwords, limits: createLoginLimits(), audit, now }),
      ...userRoutes({ users, sessions, passwords, audit, now }),
    ],
  };
}

export type People = Awaited<ReturnType<typeof openPeople>>;
