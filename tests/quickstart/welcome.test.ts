import { describe, expect, test } from 'vitest';
import type { AdminPassword } from '../../server/app/people.ts';
import { welcome } from '../../server/quickstart/welcome.ts';

describe('welcome text', () => {
  const textFor = (adminPassword: AdminPassword, isPasswordSet: boolean) =>
    welcome({ url: 'https://localhost:8443', adminPassword, fingerprint: null, notices: [] }, isPasswordSet);

  test.each([
    ['a generated password', { kind: 'generated', password: 'abcde' }, false, 'password:  abcde'],
    [
      'that the password from the settings is used',
      { kind: 'configured' },
      true,
      'the one you set as WATCHFLOOR_ADMIN_PASSWORD',
    ],
    [
      'that the password is unchanged',
      { kind: 'unchanged' },
      false,
      'as before; this start did not change it',
    ],
    [
      'that the password in the settings is not read',
      { kind: 'unchanged' },
      true,
      'is read on the first start only',
    ],
  ] as const)('the welcome text shows %s', (_, password, isPasswordSet, expected) => {
    expect(textFor(password, isPasswordSet)).toContain(expected);
  });

  test('the welcome text shows the fingerprint of the authority, and what is wrong', () => {
    const text = welcome(
      {
        url: 'https://localhost:8443',
        adminPassword: { kind: 'unchanged' },
        fingerprint: 'a1'.repeat(32),
        notices: ['The authority is not valid yet.'],
      },
      false,
    );
    expect(text.match(/A1(:A1){15}$/gm)).toHaveLength(2);
    expect(text).toContain('! The authority is not valid yet.');
  });
});
