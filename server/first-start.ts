/** The first administrator and the first rules, where there are none. */
import { defaultRules } from './alerts/default-rules.ts';
import { generatePassword, type Passwords } from './auth/password.ts';
import type { State } from './state.ts';

/** Resolves with the generated password, to be shown once; undefined when none was generated. */
export async function firstStart(
  { users, rules }: Pick<State, 'users' | 'rules'>,
  given: string | undefined,
  passwords: Passwords,
): Promise<string | undefined> {
  if (users.all().length > 0) return undefined;
  for (const rule of defaultRules()) await rules.put(rule);
  const password = given ?? generatePassword();
  const password_hash = await passwords.hash(password);
  await users.put({ id: 'admin', role: 'admin', password_hash, created_at: Date.now(), last_login: null });
  return given === undefined ? password : undefined;
}
