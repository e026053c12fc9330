import { describe, expect, test } from 'vitest';
import type { AdminPassword } from '../../server/app/people.ts';
import { welcome } from '../../server/quickstart/welcome.ts';

describe('the welcome of npm start', () => {
  const said = (adminPassword: AdminPassword, isSet: boolean) =>
    welcome({ url: 'https://localhost:8443', adminPassword, fingerprint: null }, isSet);

  test.each([
    ['the one it made, once', { kind: 'generated', password: 'abcde' }, false, 'password:  abcde'],
    ['that the one set holds', { kind: 'given' }, true, 'the one you set as WATCHFLOOR_ADMIN_PASSWORD'],
    ['that it is as before', { kind: 'kept' }, false, 'as before; this start changed none'],
    ['that the one set is not read', { kind: 'kept' }, true, 'is read on the first start only'],
  ] as const)('%s', (_, password, isSet, words) => {
    expect(said(password, isSet)).toContain(words);
  });

  test('the welcome shows the fingerprint of the certificate to compare', () => {
    const text = welcome(
      { url: 'https://localhost:8443', adminPassword: { kind: 'kept' }, fingerprint: 'a1'.repeat(32) },
      false,
    );
    expect(text.match(/A1(:A1){15}$/gm)).toHaveLength(2);
  });
});
