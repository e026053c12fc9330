import { afterEach, expect, it, vi } from 'vitest';
import { handOverSecret, takeSecretFromUrl } from '../../../web/src/wall/display-secret.ts';

afterEach(() => void vi.unstubAllGlobals());

/** Opens a page at this fragment; returns the URLs that the history holds afterwards. */
function open(hash: string, pathname = '/ui/wall/display'): string[] {
  const urls: string[] = [];
  const history = { state: null, replaceState: (_: unknown, __: string, url: string) => void urls.push(url) };
  vi.stubGlobal('window', { location: { pathname, search: '?a=1', hash }, history });
  takeSecretFromUrl();
  return urls;
}

it('[W1] the secret of a display link leaves the URL, and is handed over once', () => {
  expect(open('#wfd_abc%2B1')).toEqual(['/ui/wall/display?a=1']);
  expect([handOverSecret(), handOverSecret()]).toEqual(['wfd_abc+1', undefined]);
});

it.each(['#%', '#abc%zz', '#%ff'])(
  '[W1] a fragment that cannot be decoded, %s, is a wrong secret, which the server refuses',
  (hash) => {
    expect(open(hash)).toEqual(['/ui/wall/display?a=1']);
    expect(handOverSecret()).toBe(hash.slice(1));
  },
);

it('the fragments of other pages stay where they are', () => {
  expect([open('#%', '/ui/devices'), handOverSecret()]).toEqual([[], undefined]);
});
