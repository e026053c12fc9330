/** The first administrator and the first rules, where there are none. */
import { defaultRules } from '../alerts/default-rules.ts';
import { generatePassword, type Passwords } from '../auth/password.ts';
import type { State } from '../state/state.ts';

/**
 * Where the password of `admin` comes from: made by this start, to be shown once; set for this first start; or there
 * since an earlier one.
 */
export type AdminPassword =
  | { readonly kind: 'generated'; readonly password: string }
  | { readonly kind: 'given' }
  | { readonly kind: 'kept' };

export async function firstStart(
  { users, rules }: Pick<State, 'users' | 'rules'>,
  given: string | undefined,
  passwords: Passwords,
): Promise<AdminPassword> {
  if (users.all().length > 0) return { kind: 'kept' };
  for (const rule of defaultRules()) await rules.put(rule);
  const password = given ?? generatePassword();
  const password_hash = await passwords.hash(password);
  await users.put({ id: 'admin', role: 'admin', password_hash, created_at: Date.now(), last_login: null });
  return given === undefined ? { kind: 'generated', password } : { kind: 'given' };
}
