/** Who may use a route: networks, the session cookie, the role, and no other site in the visitor's name. */
import type { Role } from '#protocol/api.ts';
import { ApiError } from '#protocol/errors.ts';
import { isIn, type Networks } from './address.ts';
import type { SignedIn } from '../types.ts';
import type { Request } from './request.ts';
import { NOBODY, type Access, type Route } from './route.ts';

const RANK: Readonly<Record<Role, number>> = { display: 0, viewer: 1, admin: 2 };

export interface GuardParts {
  /** The session of a Cookie header; undefined when there is none that is valid. */
  readonly authenticate: (cookie: string) => Promise<SignedIn | undefined>;
  /** Empty: everybody. */
  readonly allowAgents: Networks;
  readonly allowPeople: Networks;
}

export type Guard = (
  route: Pick<Route, 'access' | 'method' | 'path'>,
  request: Request,
) => SignedIn | Promise<SignedIn>;

/** Whether the page that made the request is our own: same host, or no browser at all. */
export function isSameOrigin(origin: string, host: string): boolean {
  if (origin === '') return true;
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

/** The two allow-lists: agents' routes by one, everything for people by the other. */
export function allows(
  parts: Pick<GuardParts, 'allowAgents' | 'allowPeople'>,
  access: Access,
  from: { readonly address: string },
): boolean {
  const allowed = access === 'device' ? parts.allowAgents : parts.allowPeople;
  return allowed.length === 0 || isIn(allowed, from.address);
}

export function createGuard(parts: GuardParts): Guard {
  async function findPerson(access: Role, request: Request): Promise<SignedIn> {
    const person = await parts.authenticate(request.header('cookie'));
    if (!person) throw new ApiError('not_signed_in');
    if (RANK[person.role] < RANK[access]) throw new ApiError('forbidden');
    return person;
  }

  return ({ access, method, path }, request) => {
    if (path === '/healthz' || path === '/readyz') return NOBODY;
    if (!allows(parts, access, request)) throw new ApiError('address_not_allowed');
    if (access === 'device') return NOBODY;
    // A cookie is sent whoever made the page, so anything that changes state must come from our own page.
    if (method !== 'GET' && !isSameOrigin(request.header('origin'), request.host))
      throw new ApiError('foreign_origin');
    return access === 'public' ? NOBODY : findPerson(access, request);
  };
}
