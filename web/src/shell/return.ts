/** The page to go to after signing in: kept in the URL of the login page, and always a page of this app. */

const PARAMETER = 'next';

/** The query for the login page that leads back to `here`. `base` is where the app is mounted (`/ui/`). */
export function loginQuery(here: Pick<URL, 'pathname' | 'search' | 'hash'>, base: string): string {
  const path = here.pathname.startsWith(base) ? here.pathname.slice(base.length - 1) : '/';
  const next = path + here.search + here.hash;
  return next === '/' || path === '/login' ? '' : `?${new URLSearchParams({ [PARAMETER]: next })}`;
}

/** A host that does not exist: a path that leads away from it would lead out of the app. */
const HERE = 'https://here.invalid';

/** The path inside the app to go to after signing in; `/` where none is given or it leads out of the app. */
export function afterLogin(login: { readonly searchParams: Pick<URLSearchParams, 'get'> }): string {
  const next = login.searchParams.get(PARAMETER);
  if (next === null || !next.startsWith('/') || !URL.canParse(next, HERE)) return '/';
  const target = new URL(next, HERE);
  if (target.origin !== HERE || target.pathname === '/login') return '/';
  return target.pathname + target.search + target.hash;
}
