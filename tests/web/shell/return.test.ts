import { describe, expect, it } from 'vitest';
import { afterLogin, loginQuery } from '../../../web/src/shell/return.ts';

const login = (query: string) => new URL(`https://host:8443/ui/login${query}`);

describe('signing in', () => {
  it('signing in leads back to the page that was asked for', () => {
    const query = loginQuery(new URL('https://host:8443/ui/alerts?state=all&device=a%20b#x'), '/ui/');
    expect(afterLogin(login(query))).toBe('/alerts?state=all&device=a%20b#x');
  });

  it('signing in leads to the fleet from the fleet and from the login page', () => {
    expect(loginQuery(new URL('https://host/ui/'), '/ui/')).toBe('');
    expect(loginQuery(new URL('https://host/ui/login?next=%2Falerts'), '/ui/')).toBe('');
    expect(afterLogin(login(''))).toBe('/');
  });

  it.each([
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    'https://evil.example',
    'javascript:alert(1)',
    '/login',
  ])('signing in never leads out of the app: %j', (next) => {
    expect(afterLogin(login(`?${new URLSearchParams({ next })}`))).toBe('/');
  });
});
